// What the programs return, the same for all of their commands.

#pragma once

namespace mosaic {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // It was tried and did not work.
  kExitUsage = 2,        // The command line is not understood.
  kExitUnreachable = 3,  // The daemon does not answer.
  kExitInvalid = 4,   // Input is wrong: a configuration, a filter, a capture.
  kExitNotFound = 5,  // There is no such resource or flow.
  kExitConflict = 6,  // It exists already, has changed, or is in use.
  kExitDenied = 7,    // The daemon does not allow it.
  kExitDeadline = 8,  // It took longer than allowed.
  kExitInterrupted = 130,
};

}  // namespace mosaic
