/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A program that compiles a function and calls it:
 *
 *   cc embed.c -lTerrazzoRuntime -o embed && ./embed
 *
 * The compiler runs as a process of its own and is needed once; the package
 * that it leaves needs this library alone.
 */
#include "terrazzo-c/compiler.h"
#include "terrazzo-c/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of 4 numbers, scaled and normed; any number of rows up to 64. */
static const char module[] =
    "tz.func @mix(%x: tensor<?x4xf32> {tz.dims = [\"R\", 4], tz.name = "
    "\"x\"},\n"
    "             %g: tensor<4xf32> {tz.name = \"gain\"})\n"
    "    -> (tensor<?x4xf32> {tz.name = \"y\"})\n"
    "    attributes {tz.sizes = {R = [1, 64]}} {\n"
    "  %0 = tz.rms_norm %x, %g {epsilon = 0.0 : f64}\n"
    "      : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>\n"
    "  tz.return %0 : tensor<?x4xf32>\n"
    "}\n";

static void say(void *context, const terrazzo_diagnostic *diagnostic) {
  (void)context;
  fprintf(stderr, "%s: %s\n", diagnostic->severity, diagnostic->what);
}

int main(int count, char **words) {
  const char *path = count > 1 ? words[1] : "embed.tzp";
  char error[1000] = "";

  /* Compile: diagnostics come one by one, the last error as text as well. */
  terrazzo_compile_options make = TERRAZZO_COMPILE_OPTIONS_INIT;
  make.module_text = module;
  make.module_bytes = strlen(module);
  make.output_path = path;
  make.diagnostic = say;
  if (terrazzo_compile(&make, error, sizeof error) != 0)
    return fputs(error, stderr), EXIT_FAILURE;

  /* Open: on the processor; `device` would name another place. */
  terrazzo_program_options options = TERRAZZO_PROGRAM_OPTIONS_INIT;
  terrazzo_program *program = 0;
  options.package_path = path;
  if (terrazzo_program_open(&options, &program, error, sizeof error) != 0)
    return fputs(error, stderr), EXIT_FAILURE;

  /* Look: what the package holds. */
  uint32_t function = 0;
  terrazzo_function_facts facts = {0};
  facts.struct_size = sizeof facts;
  if (terrazzo_program_find(program, "mix", &function) != 0)
    return fputs(terrazzo_program_error(program), stderr), EXIT_FAILURE;
  terrazzo_program_function(program, function, &facts);
  printf("%s, %s up to %llu\n", facts.signature, facts.size,
         (unsigned long long)facts.largest_size);

  /* Call: arrays are views of the caller's own memory. */
  float x[2][4] = {{1, 1, 1, 1}, {3, 0, 4, 0}}, gain[4] = {1, 2, 3, 4};
  float y[2][4] = {{0}};
  int64_t rows[] = {2, 4}, columns[] = {4};
  terrazzo_view given = {sizeof given, x, rows, 0, 2, TERRAZZO_F32, 0, 0};
  terrazzo_view scale = {sizeof scale, gain, columns, 0, 1, TERRAZZO_F32, 0, 0};
  terrazzo_view wanted = {sizeof wanted, y, rows, 0, 2, TERRAZZO_F32, 0, 0};
  const terrazzo_view *arguments[] = {&given, &scale}, *results[] = {&wanted};
  if (terrazzo_program_call(program, function, arguments, 2, results, 1) != 0)
    return fputs(terrazzo_program_error(program), stderr), EXIT_FAILURE;
  for (int row = 0; row < 2; ++row)
    printf("%g %g %g %g\n", y[row][0], y[row][1], y[row][2], y[row][3]);

  terrazzo_program_close(program);
  return EXIT_SUCCESS;
}
