/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Functions of packages on a caller's arrays. A program is a package with its
 * weights on the processor or a device:
 *
 *   terrazzo_program_options options = TERRAZZO_PROGRAM_OPTIONS_INIT;
 *   options.package_path = "mix.tzp";
 *   terrazzo_program_open(&options, &program, error, sizeof error);
 *   terrazzo_program_find(program, "mix", &function);
 *   terrazzo_program_call(program, function, arguments, 2, results, 1);
 *
 * docs/embed.c is the whole of it. Functions answer 0 or the exit code that the
 * tools would end with (1 failure, 2 usage, 3 model, 4 target, 6 memory, 7
 * package); what went wrong stands in terrazzo_program_error, or, where there
 * is no program, in the text that was given for it.
 *
 * Structs begin with their size as the caller was compiled with; fields that
 * are not there have the meaning of 0. Fields and functions are added at the
 * end, never changed; numbers of an enum keep their meaning.
 *
 * A program is used by one thread at a time, not always by the same. Different
 * programs, also of one package, may be used by different threads at once. What
 * a program answers as a pointer lives as long as the program, but for
 * terrazzo_program_error, which the next call may change.
 */
#ifndef TERRAZZO_C_PROGRAM_H
#define TERRAZZO_C_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TERRAZZO_PROGRAM_API __attribute__((visibility("default")))
#else
#define TERRAZZO_PROGRAM_API
#endif

/* The version of this interface; later ones understand earlier callers. A
 * caller asks whether the library's is at least the one that it needs. */
#define TERRAZZO_PROGRAM_VERSION 3
TERRAZZO_PROGRAM_API uint32_t terrazzo_program_version(void);

typedef struct terrazzo_program terrazzo_program;

/* What an array is made of. @since 1 */
enum terrazzo_element {
  TERRAZZO_F64 = 1,
  TERRAZZO_F32 = 2,
  TERRAZZO_F16 = 3,
  TERRAZZO_BF16 = 4,
  TERRAZZO_I64 = 5,
  TERRAZZO_I32 = 6,
  TERRAZZO_I16 = 7,
  TERRAZZO_I8 = 8,
  TERRAZZO_BOOL = 9, /* a byte, 0 or 1. @since 2 */
  TERRAZZO_U8 = 10   /* @since 2 */
};

/* Where an array lies. @since 1 */
enum terrazzo_place {
  TERRAZZO_HOST = 0,  /* memory of the processor */
  TERRAZZO_DEVICE = 1 /* memory of the program's device */
};

/* A caller's array, dense, the last dimension innermost. Programs use it where
 * it lies when it is aligned to 64 bytes, and copy it otherwise; nothing behind
 * its last element's 64 bytes is read, nothing behind its last element is
 * written. @since 1 */
typedef struct terrazzo_view {
  size_t struct_size;
  void *data; /* of an argument only read; null only without elements */
  const int64_t *shape;   /* rank numbers */
  const int64_t *strides; /* in elements; null: dense. Others than those of a
                             dense array are refused */
  uint32_t rank;
  uint32_t element; /* of enum terrazzo_element */
  uint32_t place;   /* of enum terrazzo_place */
  uint32_t reserved;
} terrazzo_view;

/* A weight in the caller's memory, on the host, which stays there, and
 * unchanged, until the program is closed. @since 3 */
typedef struct terrazzo_weight {
  size_t struct_size;
  const char *name; /* of the module's tz.weight: its `tensor` */
  const terrazzo_view *view;
} terrazzo_weight;

/* @since 1 */
typedef struct terrazzo_program_options {
  size_t struct_size;
  const char *package_path;  /* the .tzp; null: package_bytes */
  const void *package_bytes; /* a package in memory, copied */
  size_t package_size;
  const char *weights_path; /* the model's file; null: it has no weights */
  const char *target;       /* a variant; null: the best that runs here */
  const char *cache_folder; /* of packed weights; null: none is used */
  const char *device; /* as the tools' --device; null or "cpu": the processor */
  uint32_t threads;   /* 0: the processors this process may use */
  uint32_t cache_rows; /* of states without a number of their own; 0: as many
                          as the model's context, 4096 at most */
  /* @since 3 */
  const terrazzo_weight *const *weights; /* in the place of a file */
  size_t weight_count;
} terrazzo_program_options;

#define TERRAZZO_PROGRAM_OPTIONS_INIT                                          \
  {sizeof(terrazzo_program_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Opens a program. On failure *program is null and `error` (of error_bytes, may
 * be null) holds the text that a tool would print. @since 1 */
TERRAZZO_PROGRAM_API int
terrazzo_program_open(const terrazzo_program_options *options,
                      terrazzo_program **program, char *error,
                      size_t error_bytes);

/* null is ignored. @since 1 */
TERRAZZO_PROGRAM_API void terrazzo_program_close(terrazzo_program *program);

/* What the last failed call says; "" when none has. @since 1 */
TERRAZZO_PROGRAM_API const char *
terrazzo_program_error(const terrazzo_program *program);

/* Functions are numbered from 0 on. @since 1 */
TERRAZZO_PROGRAM_API uint32_t
terrazzo_program_functions(const terrazzo_program *program);

/* The number of a function by its name; null or "": of the only one. @since 1
 */
TERRAZZO_PROGRAM_API int terrazzo_program_find(terrazzo_program *program,
                                               const char *name,
                                               uint32_t *function);

/* @since 1 */
typedef struct terrazzo_function_facts {
  size_t struct_size;
  const char *name;
  const char *signature; /* "f(x: f32[T, 24]) -> y: f32[T, 24]" */
  const char *size;      /* the name of its first size; "": it has none */
  uint64_t largest_size; /* calls are of at most this */
  uint32_t arguments;
  uint32_t results;
  /* @since 2 */
  uint32_t sizes; /* numbers that calls differ in */
  uint32_t reserved;
} terrazzo_function_facts;

/* Fills in the fields that facts->struct_size has room for. @since 1 */
TERRAZZO_PROGRAM_API int
terrazzo_program_function(terrazzo_program *program, uint32_t function,
                          terrazzo_function_facts *facts);

/* @since 2 */
typedef struct terrazzo_size_facts {
  size_t struct_size;
  const char *name;
  uint64_t largest; /* in calls */
} terrazzo_size_facts;

/* A size of a function. @since 2 */
TERRAZZO_PROGRAM_API int terrazzo_program_size(terrazzo_program *program,
                                               uint32_t function,
                                               uint32_t number,
                                               terrazzo_size_facts *facts);

/* A dimension that follows from the function's sizes without being one; its
 * signature says how. @since 2 */
#define TERRAZZO_DERIVED_DIM INT64_MIN

/* @since 1 */
typedef struct terrazzo_value_facts {
  size_t struct_size;
  const char *name;
  const int64_t *dims; /* -1: the function's first size, -2: its second, ...;
                          TERRAZZO_DERIVED_DIM */
  uint32_t rank;       /* 0: one number */
  uint32_t element;    /* of enum terrazzo_element */
  uint64_t
      limit; /* integers that look rows up are below this; 0: they do not */
} terrazzo_value_facts;

/* An argument, or a result, of a function. @since 1 */
TERRAZZO_PROGRAM_API int terrazzo_program_argument(terrazzo_program *program,
                                                   uint32_t function,
                                                   uint32_t number,
                                                   terrazzo_value_facts *facts);
TERRAZZO_PROGRAM_API int terrazzo_program_result(terrazzo_program *program,
                                                 uint32_t function,
                                                 uint32_t number,
                                                 terrazzo_value_facts *facts);

/* The shape of a result where the function's sizes are these: `shape` has room
 * for the rank of its facts. @since 2 */
TERRAZZO_PROGRAM_API int
terrazzo_program_result_shape(terrazzo_program *program, uint32_t function,
                              uint32_t number, const uint64_t *sizes,
                              size_t size_count, int64_t *shape);

/* Runs a function. Views are in its order, and agree in its sizes. When it
 * returns, the results are there. @since 1 */
TERRAZZO_PROGRAM_API int
terrazzo_program_call(terrazzo_program *program, uint32_t function,
                      const terrazzo_view *const *arguments,
                      size_t argument_count,
                      const terrazzo_view *const *results, size_t result_count);

/* States keep what calls left in them, for all functions of a program. They are
 * numbered from 0 on. @since 1 */
TERRAZZO_PROGRAM_API uint32_t
terrazzo_program_states(const terrazzo_program *program);

/* @since 1 */
typedef struct terrazzo_state_facts {
  size_t struct_size;
  const char *name;
  const char *type; /* of an element: "f16" */
  uint64_t row_bytes;
  uint64_t rows;
  uint64_t bytes; /* of all; rows may be rounded up */
} terrazzo_state_facts;
TERRAZZO_PROGRAM_API int terrazzo_program_state(terrazzo_program *program,
                                                uint32_t state,
                                                terrazzo_state_facts *facts);

/* Copies a state out; `bytes` is that of its facts. @since 1 */
TERRAZZO_PROGRAM_API int terrazzo_program_read_state(terrazzo_program *program,
                                                     uint32_t state, void *to,
                                                     size_t bytes);

/* Makes all states zeros, as they begin. @since 1 */
TERRAZZO_PROGRAM_API int
terrazzo_program_reset_states(terrazzo_program *program);

/* Names of the devices that may be here, one a line ("cpu" first), into `text`
 * of text_bytes, cut where it ends. Answers the bytes that all need with the
 * closing 0. @since 1 */
TERRAZZO_PROGRAM_API size_t terrazzo_devices(char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif
#endif
