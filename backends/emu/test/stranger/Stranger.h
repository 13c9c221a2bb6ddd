/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A program that knows of the CUDA driver only what its documentation says: it
 * opens libcuda.so.1 and declares for itself what it calls.
 */
#ifndef STRANGER_H
#define STRANGER_H

#include <stddef.h>

typedef unsigned long long Address;
typedef struct Opaque *Handle;

struct Driver {
  int (*init)(unsigned);
  int (*getCount)(int *);
  int (*getDevice)(int *, int);
  int (*getAttribute)(int *, int, int);
  int (*errorName)(int, const char **);
  int (*retain)(Handle *, int);
  int (*release)(int);
  int (*reset)(int);
  int (*setCurrent)(Handle);
  int (*synchronize)(void);
  int (*loadData)(Handle *, const void *);
  int (*loadDataEx)(Handle *, const void *, unsigned, int *, void **);
  int (*unload)(Handle);
  int (*getFunction)(Handle *, Handle, const char *);
  int (*allocate)(Address *, size_t);
  int (*release_memory)(Address);
  int (*toDevice)(Address, const void *, size_t);
  int (*toHost)(void *, Address, size_t);
  int (*fill)(Address, unsigned char, size_t);
  int (*launch)(Handle, unsigned, unsigned, unsigned, unsigned, unsigned,
                unsigned, unsigned, Handle, void **, void **);
  int (*launchTogether)(Handle, unsigned, unsigned, unsigned, unsigned,
                        unsigned, unsigned, unsigned, Handle, void **);
  int (*streamCreate)(Handle *, unsigned);
  int (*streamDestroy)(Handle);
  int (*streamSynchronize)(Handle);
  int (*beginCapture)(Handle, int);
  int (*endCapture)(Handle, Handle *);
  int (*instantiate)(Handle *, Handle, unsigned long long);
  int (*graphLaunch)(Handle, Handle);
  int (*graphDestroy)(Handle);
  int (*graphExecDestroy)(Handle);
  int (*eventCreate)(Handle *, unsigned);
  int (*eventRecord)(Handle, Handle);
  int (*eventElapsed)(float *, Handle, Handle);
  int (*eventDestroy)(Handle);
};

extern struct Driver cu;
extern int failures;

/* Counts and says a failure with its place. */
void check(int good, const char *what, const char *file, int line);
void expectAnswer(int answer, int expected, const char *what, const char *file,
                  int line);
#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)
#define EXPECT(call, expected)                                                 \
  expectAnswer(call, expected, #call, __FILE__, __LINE__)
#define GOOD(call) EXPECT(call, 0)

/* A file's text, ended by a NUL; the program ends when there is none. */
char *readText(const char *folder, const char *name);
Handle kernelOf(Handle module, const char *name);
Address upload(const void *bytes, size_t count);
void download(void *bytes, Address memory, size_t count);
/* One-dimensional, in the default stream. */
int launch(Handle kernel, unsigned blocks, unsigned threads, void **arguments);

void testThreads(Handle module);
void testMatrix(Handle module);
void testErrors(Handle module, const char *text);

#endif
