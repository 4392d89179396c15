# Writes OUTPUT, a header with the commit that SOURCE is at, if that differs from
# what it says already. Run at every build: cmake -DSOURCE=... -DOUTPUT=... -P.
execute_process(
  COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
  RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[// The commit that was built; written by control/daemon/git_commit.cmake.

#pragma once

namespace mosaic {

inline constexpr char kGitCommit[] = "@commit@";

}  // namespace mosaic
]] @ONLY)
