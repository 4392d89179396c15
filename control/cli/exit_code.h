// What the programs return, the same for all of their commands.

#pragma once

namespace mosaic {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // It was tried and did not work.
  kExitUsage = 2,        // The command line is not understood.
  kExitUnreachable = 3,  // The daemon does not answer.
  kExitInvalid = 4,  // Input is wrong: a configuration, a filter, a capture.
  kExitInterrupted = 130,
};

}  // namespace mosaic
