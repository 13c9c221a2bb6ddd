/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Running packages from C. Functions answer 0 or the exit code that the tools
 * would end with (1 failure, 2 usage, 3 model, 4 target, 6 memory, 7 package);
 * what went wrong stands in terrazzo_session_error or, when there is no
 * session, in the text that terrazzo_session_open leaves.
 *
 * Structs begin with their size as the caller was compiled with; fields that
 * are not there have the meaning of 0. Fields and functions are added at the
 * end, never changed.
 *
 * A session is used by one thread at a time. Its state is one sequence of
 * tokens.
 */
#ifndef TERRAZZO_C_RUNTIME_H
#define TERRAZZO_C_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TERRAZZO_RUNTIME_API __attribute__((visibility("default")))
#else
#define TERRAZZO_RUNTIME_API
#endif

typedef struct terrazzo_session terrazzo_session;

/* @since 1 */
typedef struct terrazzo_session_options {
  size_t struct_size;
  const char *package_path; /* the .tzp */
  const char *weights_path; /* the model's file it was made from */
  const char *target;       /* a variant; null: the best that runs here */
  const char *cache_folder; /* of packed weights; null: none is used */
  uint32_t context_size;    /* tokens; 0: the smaller of the model's and 4096 */
  uint32_t threads;         /* 0: the processors this process may use */
  /* @since 2: as the tools' --device; null or "cpu": this processor */
  const char *device;
} terrazzo_session_options;

#define TERRAZZO_SESSION_OPTIONS_INIT                                          \
  {sizeof(terrazzo_session_options), 0, 0, 0, 0, 0, 0, 0}

/* @since 1 */
typedef struct terrazzo_session_facts {
  size_t struct_size;
  uint32_t vocabulary;    /* floats of a row of logits */
  uint32_t hidden_size;   /* floats of a hidden row */
  uint32_t context_size;  /* tokens */
  uint32_t largest_chunk; /* rows that are kept of a step */
  uint32_t position;      /* tokens so far */
  uint32_t threads;       /* of the processor; 0 on a device */
} terrazzo_session_facts;

/* The version of this interface; later ones understand earlier callers. */
#define TERRAZZO_RUNTIME_VERSION 2
TERRAZZO_RUNTIME_API uint32_t terrazzo_runtime_version(void);

/* Opens a session. On failure *session is null and `error` (of error_bytes,
 * may be null) holds the text that a tool would print. @since 1 */
TERRAZZO_RUNTIME_API int
terrazzo_session_open(const terrazzo_session_options *options,
                      terrazzo_session **session, char *error,
                      size_t error_bytes);

/* null is ignored. @since 1 */
TERRAZZO_RUNTIME_API void terrazzo_session_close(terrazzo_session *session);

/* Fills in the fields that facts->struct_size has room for. @since 1 */
TERRAZZO_RUNTIME_API int terrazzo_session_query(const terrazzo_session *session,
                                                terrazzo_session_facts *facts);

/* Appends tokens. With logits (vocabulary floats; null: not wanted), those of
 * the last token. @since 1 */
TERRAZZO_RUNTIME_API int terrazzo_session_step(terrazzo_session *session,
                                               const int32_t *tokens,
                                               size_t count, float *logits);

/* Logits of rows of the last chunk (the last largest_chunk tokens of a step at
 * most). @since 1 */
TERRAZZO_RUNTIME_API int terrazzo_session_logits(terrazzo_session *session,
                                                 uint32_t first_row,
                                                 uint32_t rows, float *logits);

/* Hidden rows of the last chunk; valid until the next step; null when a device
 * cannot give them. @since 1 */
TERRAZZO_RUNTIME_API const float *
terrazzo_session_hidden(const terrazzo_session *session);

/* Forgets everything from this position on. @since 1 */
TERRAZZO_RUNTIME_API int terrazzo_session_rewind(terrazzo_session *session,
                                                 uint32_t position);

/* What the last failed call says; "" when none has. @since 1 */
TERRAZZO_RUNTIME_API const char *
terrazzo_session_error(const terrazzo_session *session);

#ifdef __cplusplus
}
#endif
#endif
