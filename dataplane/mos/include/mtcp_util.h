// What programs written for mOS use beside its sockets.

#pragma once

#include <netinet/in.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The context, 0 to num_queues - 1, that tracks the TCP connection of these
// addresses and ports (all in network order), the same for both directions.
// Before the workers have started, and for a number of queues other than
// theirs, a plain hash that spreads as evenly. -1, EINVAL, for num_queues below
// 1.
int GetRSSCPUCore(in_addr_t sip, in_addr_t dip, in_port_t sport,
                  in_port_t dport, int num_queues);

// Cuts `str` into words in place, as a shell would with blanks and quotes;
// `*argc` is their number and argv[] points to them. 0; -1 with EINVAL for NULL
// or a quote that is not closed, and E2BIG for more than `max_argc` words, the
// first of which are cut all the same.
int StrToArgs(char* str, int* argc, char** argv, int max_argc);

#ifdef __cplusplus
}
#endif
