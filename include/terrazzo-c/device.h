/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The run door: one table of functions for each kind of device. Core asks a
 * device plugin for its table with the highest version that core knows; the
 * plugin answers with the highest version that both know, or null.
 *
 * Every struct begins with struct_size, as its writer was compiled. A reader
 * takes fields beyond the other side's size for 0. Functions are added at the
 * end, never changed; one that is absent (null, or beyond struct_size) has the
 * default that stands beside it. Functions answer 0 or an exit code of the
 * tools (6: out of memory); last_error says why, in words.
 *
 * A device is used by one thread at a time, not always by the same. What args
 * point to is read before a function returns, but for the host's side of a copy
 * to the device: that stays as it is until a later copy to the host, or
 * synchronize, is done.
 *
 * The CPU is the host device: core's own. See terrazzo_host_device.
 */
#ifndef TERRAZZO_C_DEVICE_H
#define TERRAZZO_C_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERRAZZO_DEVICE_VERSION 2

typedef struct terrazzo_device terrazzo_device; /* an opened device */
typedef struct terrazzo_code terrazzo_code;     /* code loaded into it */
typedef struct terrazzo_event terrazzo_event; /* a point in its order of work */
typedef struct terrazzo_recording terrazzo_recording; /* work to be repeated */

/* Memory of a device: an address that only its own functions give meaning. */
typedef uint64_t terrazzo_memory;

/* @since 1 */
typedef struct terrazzo_device_open_args {
  size_t struct_size;
  const char
      *name; /* as the user wrote it: "cpu", or a kind and a number: "kind:1" */
  uint32_t workers;  /* of a CPU; 0: as many as this process may use */
  uint32_t reserved; /* 0 */
  /* @since 2: path of a library that stands for the system's driver; null:
   * the system's */
  const char *driver;
} terrazzo_device_open_args;

/* @since 1 */
typedef struct terrazzo_device_facts {
  size_t struct_size;
  const char *const *targets; /* target strings it runs, best first */
  size_t target_count;
  uint64_t memory_bytes; /* that may still be allocated */
  uint32_t workers;      /* workgroups that run at once */
  uint32_t reserved;
  /* @since 2 */
  const char *name; /* the product's, for people; may be null */
  const char *note; /* one line that every run should show; may be null */
} terrazzo_device_facts;

enum {
  TERRAZZO_COPY_TO_DEVICE = 0,
  TERRAZZO_COPY_TO_HOST = 1,
  TERRAZZO_COPY_INSIDE = 2
};

/* @since 1 */
typedef struct terrazzo_copy_args {
  size_t struct_size;
  uint32_t direction;
  uint32_t reserved;
  void *host;             /* to or from the device */
  terrazzo_memory device; /* to or from the host; the source of a copy inside */
  terrazzo_memory target; /* of a copy inside */
  uint64_t bytes;
} terrazzo_copy_args;

/* One linked image, in whatever form the backend's compile side gave it. @since
 * 1 */
typedef struct terrazzo_code_segment {
  size_t struct_size;
  uint64_t address; /* relative to the image, page-aligned */
  const void *bytes;
  uint64_t byte_count;
  uint32_t executable;
  uint32_t reserved;
} terrazzo_code_segment;

/* @since 1 */
typedef struct terrazzo_load_args {
  size_t struct_size;
  const char *target; /* refused when the device cannot run it */
  const terrazzo_code_segment *segments;
  size_t segment_count;
} terrazzo_load_args;

/* @since 1 */
typedef struct terrazzo_launch_args {
  size_t struct_size;
  terrazzo_code *code;
  uint64_t entry; /* address in the image: of code, or of what the backend
                     starts a kernel from */
  const terrazzo_memory *bindings; /* 64-byte-aligned */
  size_t binding_count;
  const int64_t *sizes; /* of the kernel, rows of caches last */
  size_t size_count;
  int64_t workgroups;
  uint64_t scratch_bytes; /* for each worker: a thread of a CPU, a workgroup
                             where workgroups have memory of their own */
} terrazzo_launch_args;

/* @since 1 */
typedef struct terrazzo_device_table {
  size_t struct_size;
  uint32_t version;
  uint32_t reserved;
  int (*open)(const terrazzo_device_open_args *,
              terrazzo_device **);                          /* required */
  void (*close)(terrazzo_device *);                         /* required */
  int (*query)(terrazzo_device *, terrazzo_device_facts *); /* required */
  int (*alloc)(terrazzo_device *, uint64_t bytes,
               terrazzo_memory *);                            /* required */
  void (*free)(terrazzo_device *, terrazzo_memory);           /* required */
  int (*copy)(terrazzo_device *, const terrazzo_copy_args *); /* required */
  int (*load_code)(terrazzo_device *, const terrazzo_load_args *,
                   terrazzo_code **);                             /* required */
  void (*unload)(terrazzo_device *, terrazzo_code *);             /* required */
  int (*launch)(terrazzo_device *, const terrazzo_launch_args *); /* required */
  /* Work is done in the order in which it is issued. A launch, a fill, a copy
   * to the device or inside it may return before it is done; a copy to the
   * host returns when it is. An event is a point in that order. */
  int (*record)(terrazzo_device *, terrazzo_event **);
  int (*wait)(terrazzo_device *, terrazzo_event *);
  const char *(*last_error)(terrazzo_device *); /* absent: no words */
  /* A whole command list at once; absent: core issues launch by launch. The
   * program is the package's table, see runtime/exec/Package.fbs. */
  int (*program_load)(terrazzo_device *, terrazzo_code *, const void *program,
                      size_t bytes, void **loaded);
  int (*program_run)(terrazzo_device *, void *loaded,
                     const terrazzo_memory *buffers, const int64_t *sizes);
  /* @since 2, all of them. `bytes` bytes become `value`. Absent: core copies
   * them from the host. */
  int (*fill)(terrazzo_device *, terrazzo_memory, uint8_t value,
              uint64_t bytes);
  /* Memory of the host that copies are fastest to and from. Absent: any. */
  int (*host_alloc)(terrazzo_device *, uint64_t bytes, void **memory);
  void (*host_free)(terrazzo_device *, void *memory);
  /* Launches, fills and copies inside between begin and end are not run but
   * recorded, with their arguments; replay runs them in order. Absent: core
   * issues them each time. A failed end leaves nothing behind. */
  int (*record_begin)(terrazzo_device *);
  int (*record_end)(terrazzo_device *, terrazzo_recording **);
  int (*replay)(terrazzo_device *, terrazzo_recording *);
  void (*recording_free)(terrazzo_device *, terrazzo_recording *);
  /* Everything issued so far is done, or the error that ended it. Absent:
   * nothing is ever pending. */
  int (*synchronize)(terrazzo_device *);
  /* Sentences for a person when open failed: there is no device to ask. */
  const char *(*open_error)(void);
} terrazzo_device_table;

/* What a device plugin exports as `terrazzo_device_entry`. @since 1 */
typedef const terrazzo_device_table *(*terrazzo_device_entry_fn)(
    uint32_t host_version);

/* Whether a function is there in a table of any version. */
#define TERRAZZO_DEVICE_HAS(table, function)                                   \
  ((table)->struct_size >= offsetof(terrazzo_device_table, function) +         \
                               sizeof((table)->function) &&                    \
   (table)->function)

/* The CPU as a device; version 0 answers null. @since 1 */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const terrazzo_device_table *terrazzo_host_device(uint32_t host_version);

#ifdef __cplusplus
}
#endif
#endif
