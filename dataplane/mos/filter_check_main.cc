// filter-check: the process that checks one filter's native code for the
// library; see filter_check.h.

#include "dataplane/filter/self_check.h"

int main(int argc, char** argv) { return mosaic::SelfCheckMain(argc, argv); }
