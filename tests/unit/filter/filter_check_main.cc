// A process that checks one filter's native code, as mosaicd's hidden command
// does.

#include "dataplane/filter/self_check.h"

int main(int argc, char** argv) { return mosaic::SelfCheckMain(argc, argv); }
