// What torch-sys's C++ part takes from glibc newer than 2.28 and from the libstdc++ of GCC 9, for systems that lack it.
#include <sstream>

template class std::basic_ostringstream<char>;

// False means that there may be several threads, which is always right.
extern "C" {
char __libc_single_threaded = 0;
}
