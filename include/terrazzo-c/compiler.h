/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Packages from models. The compiler is a process of its own,
 * terrazzo-compile: its memory, its start-up and its faults never reach the
 * caller, and nothing of LLVM is linked.
 *
 * Any number of threads may compile at once. Callbacks come on the thread that
 * called, before terrazzo_compile returns.
 */
#ifndef TERRAZZO_C_COMPILER_H
#define TERRAZZO_C_COMPILER_H

#include "terrazzo-c/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One error, warning or note, in the parts that the tools print. Texts live
 * until the callback returns; "" where there is none. @since 1 */
typedef struct terrazzo_diagnostic {
  size_t struct_size;
  const char *severity; /* "error", "warning", "note" */
  const char *code;     /* "TZ0501" */
  const char *what;
  const char *where; /* in the caller's file or module */
  const char *why;
  const char *help;
} terrazzo_diagnostic;

/* @since 1 */
typedef struct terrazzo_compile_options {
  size_t struct_size;
  const char *model_path;  /* GGUF, or a module of tz; null: module_text */
  const char *module_text; /* a module of tz, as text or bytecode */
  size_t module_bytes;
  const char *output_path; /* the package */
  const char *target;      /* as the tools' --target; null: this processor */
  const char *compiler;    /* null: beside the program or this library, else
                              $TERRAZZO_COMPILE */
  int fallback_error;      /* not 0: refuse what the first target cannot run */
  void *context;           /* what the callbacks are given */
  void (*diagnostic)(void *context, const terrazzo_diagnostic *diagnostic);
  void (*progress)(void *context, const char *stage, uint64_t done,
                   uint64_t total);
} terrazzo_compile_options;

#define TERRAZZO_COMPILE_OPTIONS_INIT                                          \
  {sizeof(terrazzo_compile_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Compiles. The error that ends it also comes as a diagnostic; `error` (of
 * error_bytes, may be null) holds the text that a tool would print. @since 1 */
TERRAZZO_PROGRAM_API int
terrazzo_compile(const terrazzo_compile_options *options, char *error,
                 size_t error_bytes);

#ifdef __cplusplus
}
#endif
#endif
