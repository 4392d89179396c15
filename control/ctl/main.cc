// mosaicctl: the operator's command line.

#include <cstdio>

#include "control/ctl/app.h"

int main(int argc, char** argv) {
  return mosaic::ctl::RunMosaicctl(argc, argv, stdout, stderr);
}
