// libtch.a: finds the functions for lazy-torch.S.

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *library;

static void fail(void) {
  fprintf(stderr, "dvcall: error: libtorch cannot be loaded: %s; run scripts/setup.sh and build dvcall again\n", dlerror());
  _exit(1);
}

static void open_library(void) {
  library = dlopen(LIBRARY, RTLD_NOW | RTLD_GLOBAL);
  if (!library) fail();
}

__attribute__((visibility("hidden"))) void *dvcall_torch_function(const char *name, void **slot) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  void *function = dlsym(library, name);
  if (!function) fail();
  __atomic_store_n(slot, function, __ATOMIC_RELEASE);
  return function;
}
