/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C interfaces, compiled as C: their released layouts, and a program that
 * uses them as one would.
 */
#include "CInterface.h"
#include "terrazzo-c/device.h"
#include "terrazzo-c/runtime.h"

#include <string.h>

#define OFFSET(type, field, bytes)                                             \
  _Static_assert(offsetof(type, field) == bytes,                               \
                 #type "." #field " has moved since version 1")

OFFSET(terrazzo_session_options, struct_size, 0);
OFFSET(terrazzo_session_options, package_path, 8);
OFFSET(terrazzo_session_options, weights_path, 16);
OFFSET(terrazzo_session_options, target, 24);
OFFSET(terrazzo_session_options, cache_folder, 32);
OFFSET(terrazzo_session_options, context_size, 40);
OFFSET(terrazzo_session_options, threads, 44);
OFFSET(terrazzo_session_facts, vocabulary, 8);
OFFSET(terrazzo_session_facts, hidden_size, 12);
OFFSET(terrazzo_session_facts, context_size, 16);
OFFSET(terrazzo_session_facts, largest_chunk, 20);
OFFSET(terrazzo_session_facts, position, 24);
OFFSET(terrazzo_session_facts, threads, 28);
OFFSET(terrazzo_device_open_args, name, 8);
OFFSET(terrazzo_device_open_args, workers, 16);
OFFSET(terrazzo_device_facts, targets, 8);
OFFSET(terrazzo_device_facts, target_count, 16);
OFFSET(terrazzo_device_facts, memory_bytes, 24);
OFFSET(terrazzo_device_facts, workers, 32);
OFFSET(terrazzo_copy_args, direction, 8);
OFFSET(terrazzo_copy_args, host, 16);
OFFSET(terrazzo_copy_args, device, 24);
OFFSET(terrazzo_copy_args, target, 32);
OFFSET(terrazzo_copy_args, bytes, 40);
OFFSET(terrazzo_code_segment, address, 8);
OFFSET(terrazzo_code_segment, bytes, 16);
OFFSET(terrazzo_code_segment, byte_count, 24);
OFFSET(terrazzo_code_segment, executable, 32);
OFFSET(terrazzo_load_args, target, 8);
OFFSET(terrazzo_load_args, segments, 16);
OFFSET(terrazzo_load_args, segment_count, 24);
OFFSET(terrazzo_launch_args, code, 8);
OFFSET(terrazzo_launch_args, entry, 16);
OFFSET(terrazzo_launch_args, bindings, 24);
OFFSET(terrazzo_launch_args, binding_count, 32);
OFFSET(terrazzo_launch_args, sizes, 40);
OFFSET(terrazzo_launch_args, size_count, 48);
OFFSET(terrazzo_launch_args, workgroups, 56);
OFFSET(terrazzo_launch_args, scratch_bytes, 64);
OFFSET(terrazzo_device_table, version, 8);
OFFSET(terrazzo_device_table, open, 16);
OFFSET(terrazzo_device_table, close, 24);
OFFSET(terrazzo_device_table, query, 32);
OFFSET(terrazzo_device_table, alloc, 40);
OFFSET(terrazzo_device_table, free, 48);
OFFSET(terrazzo_device_table, copy, 56);
OFFSET(terrazzo_device_table, load_code, 64);
OFFSET(terrazzo_device_table, unload, 72);
OFFSET(terrazzo_device_table, launch, 80);
OFFSET(terrazzo_device_table, record, 88);
OFFSET(terrazzo_device_table, wait, 96);
OFFSET(terrazzo_device_table, last_error, 104);
OFFSET(terrazzo_device_table, program_load, 112);
OFFSET(terrazzo_device_table, program_run, 120);

#undef OFFSET
#define OFFSET(type, field, bytes)                                             \
  _Static_assert(offsetof(type, field) == bytes,                               \
                 #type "." #field " has moved since version 2")

OFFSET(terrazzo_session_options, device, 48);
OFFSET(terrazzo_device_open_args, driver, 24);
OFFSET(terrazzo_device_facts, name, 40);
OFFSET(terrazzo_device_facts, note, 48);
OFFSET(terrazzo_device_table, fill, 128);
OFFSET(terrazzo_device_table, host_alloc, 136);
OFFSET(terrazzo_device_table, host_free, 144);
OFFSET(terrazzo_device_table, record_begin, 152);
OFFSET(terrazzo_device_table, record_end, 160);
OFFSET(terrazzo_device_table, replay, 168);
OFFSET(terrazzo_device_table, recording_free, 176);
OFFSET(terrazzo_device_table, synchronize, 184);
OFFSET(terrazzo_device_table, open_error, 192);

int stepInC(const char *package, const char *weights, const int32_t *tokens,
            size_t count, float *logits) {
  terrazzo_session_options options = TERRAZZO_SESSION_OPTIONS_INIT;
  terrazzo_session *session = 0;
  terrazzo_session_facts facts = {sizeof(facts), 0, 0, 0, 0, 0, 0};
  int code;
  options.package_path = package;
  options.weights_path = weights;
  options.threads = 2;
  code = terrazzo_session_open(&options, &session, 0, 0);
  if (code == 0)
    code = terrazzo_session_step(session, tokens, count, logits);
  if (code == 0)
    code = terrazzo_session_query(session, &facts);
  if (code == 0 && facts.position != count)
    code = -1;
  terrazzo_session_close(session);
  return code;
}

int openOnDeviceInC(const char *package, const char *weights,
                    const char *device, uint32_t *threads) {
  terrazzo_session_options options = TERRAZZO_SESSION_OPTIONS_INIT;
  terrazzo_session_facts facts = {sizeof(facts), 0, 0, 0, 0, 0, 0};
  terrazzo_session *session = 0;
  int code;
  options.package_path = package;
  options.weights_path = weights;
  options.device = device;
  code = terrazzo_session_open(&options, &session, 0, 0);
  if (code == 0)
    code = terrazzo_session_query(session, &facts);
  *threads = facts.threads;
  terrazzo_session_close(session);
  return code;
}

int openNothingInC(char *error, size_t bytes) {
  terrazzo_session_options options = TERRAZZO_SESSION_OPTIONS_INIT;
  terrazzo_session *session = 0;
  options.package_path = "/nonexistent/model.tzp";
  options.weights_path = "/nonexistent/model.gguf";
  return terrazzo_session_open(&options, &session, error, bytes);
}

/* An older caller knew fewer fields. */
uint32_t queryAsOlderCaller(const char *package, const char *weights) {
  terrazzo_session_options options = TERRAZZO_SESSION_OPTIONS_INIT;
  terrazzo_session *session = 0;
  terrazzo_session_facts facts;
  memset(&facts, 0xff, sizeof(facts));
  facts.struct_size = offsetof(terrazzo_session_facts, hidden_size);
  options.struct_size = offsetof(terrazzo_session_options, target);
  options.package_path = package;
  options.weights_path = weights;
  /* Behind struct_size: must not be looked at. */
  options.target = (const char *)1;
  if (terrazzo_session_open(&options, &session, 0, 0) != 0)
    return 0;
  terrazzo_session_query(session, &facts);
  terrazzo_session_close(session);
  return facts.hidden_size == UINT32_MAX ? facts.vocabulary : 0;
}

int launchInC(const char *target, const void *code, size_t codeBytes,
              uint64_t entry, const float *head, float *packed, size_t bytes,
              int64_t workgroups) {
  const terrazzo_device_table *table = terrazzo_host_device(7);
  terrazzo_device_open_args open = {sizeof(open), "cpu", 2, 0, 0};
  terrazzo_code_segment segment = {sizeof(segment), 0, code, codeBytes, 1, 0};
  terrazzo_load_args load = {sizeof(load), target, &segment, 1};
  terrazzo_launch_args launch = {sizeof(launch), 0, 0, 0, 0, 0, 0, 0, 0};
  terrazzo_copy_args copy = {sizeof(copy), 0, 0, 0, 0, 0, 0};
  terrazzo_device *device = 0;
  terrazzo_memory memory[2] = {0, 0};
  int64_t sizes[2] = {1, 1};
  int failed =
      terrazzo_host_device(0) != 0 || terrazzo_host_device(1)->version != 1 ||
      table->version != 2 ||
      TERRAZZO_DEVICE_HAS(terrazzo_host_device(1), fill) ||
      TERRAZZO_DEVICE_HAS(table, fill) || !TERRAZZO_DEVICE_HAS(table, launch) ||
      TERRAZZO_DEVICE_HAS(table, record) || table->open(&open, &device);
  if (failed)
    return 1;
  failed = table->alloc(device, bytes, &memory[0]) ||
           table->alloc(device, bytes, &memory[1]);
  copy.direction = TERRAZZO_COPY_TO_DEVICE;
  copy.host = (void *)head;
  copy.device = memory[0];
  copy.bytes = bytes;
  failed = failed || table->copy(device, &copy) ||
           table->load_code(device, &load, &launch.code);
  launch.entry = entry;
  launch.bindings = memory;
  launch.binding_count = 2;
  launch.sizes = sizes;
  launch.size_count = 2;
  launch.workgroups = workgroups;
  failed = failed || table->launch(device, &launch);
  copy.direction = TERRAZZO_COPY_TO_HOST;
  copy.host = packed;
  copy.device = memory[1];
  failed = failed || table->copy(device, &copy);
  load.target = "cpu:armv8";
  failed = failed || table->load_code(device, &load, &launch.code) != 4 ||
           !strstr(table->last_error(device), "armv8");
  table->unload(device, launch.code);
  table->free(device, memory[0]);
  table->free(device, memory[1]);
  table->close(device);
  return failed;
}
