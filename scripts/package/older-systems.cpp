// Symbols that torch-sys's C++ part needs from glibc newer than 2.28 and from libstdc++ of GCC 9, for older systems.
#include <sstream>

template class std::basic_ostringstream<char>;

// False means that several threads may exist, which is always safe.
extern "C" {
char __libc_single_threaded = 0;
}
