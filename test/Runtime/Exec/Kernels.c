// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of the toy model, by hand: what a backend would make, small enough to
// check by eye. Compiled without a library and linked to an image without
// imports. A hidden row has 16 values, the vocabulary 64 words.
typedef long long i64;

enum { Hidden = 16, Vocabulary = 64 };

// prepare: packed[h][v] = head[v][h]; one workgroup for each h.
void transpose(void *const *bindings, const i64 *sizes, i64 begin, i64 end,
               void *scratch) {
  const float *head = bindings[0];
  float *packed = bindings[1];
  for (i64 h = begin; h < end; ++h)
    for (int v = 0; v < Vocabulary; ++v)
      packed[h * Vocabulary + v] = head[v * Hidden + h];
}

// x[t] = table[ids[t]]; one workgroup for each token.
void embed(void *const *bindings, const i64 *sizes, i64 begin, i64 end,
           void *scratch) {
  const int *ids = bindings[0];
  const float *table = bindings[1];
  float *x = bindings[2];
  for (i64 t = begin; t < end; ++t)
    for (int h = 0; h < Hidden; ++h)
      x[t * Hidden + h] = table[(i64)ids[t] * Hidden + h];
}

// state[position + t] = x[t], for rows that exist.
void append(void *const *bindings, const i64 *sizes, i64 begin, i64 end,
            void *scratch) {
  const float *x = bindings[0];
  const int *position = bindings[1];
  float *state = bindings[2];
  for (i64 t = begin; t < end; ++t)
    for (int h = 0; h < Hidden; ++h)
      if (*position + t < sizes[1])
        state[(*position + t) * Hidden + h] = x[t * Hidden + h];
}

// hidden[t] = sum over s <= position + t of state[s] / (1 + distance), through
// scratch, as a kernel with a prologue would.
void mix(void *const *bindings, const i64 *sizes, i64 begin, i64 end,
         void *scratch) {
  const float *state = bindings[0];
  const int *position = bindings[1];
  float *hidden = bindings[2];
  float *sum = scratch;
  for (i64 t = begin; t < end; ++t) {
    for (int h = 0; h < Hidden; ++h)
      sum[h] = 0;
    i64 last = *position + t;
    for (i64 s = 0; s <= last; ++s)
      for (int h = 0; h < Hidden; ++h)
        sum[h] += state[s * Hidden + h] / (float)(1 + last - s);
    for (int h = 0; h < Hidden; ++h)
      hidden[t * Hidden + h] = sum[h];
  }
}

// logits[r] = hidden[r] x packed; one workgroup for each 16 columns of a row.
void project(void *const *bindings, const i64 *sizes, i64 begin, i64 end,
             void *scratch) {
  const float *hidden = bindings[0];
  const float *packed = bindings[1];
  float *logits = bindings[2];
  enum { Tile = 16, Tiles = Vocabulary / Tile };
  for (i64 g = begin; g < end; ++g) {
    i64 r = g / Tiles, first = g % Tiles * Tile;
    for (i64 v = first; v < first + Tile; ++v) {
      float sum = 0;
      for (int h = 0; h < Hidden; ++h)
        sum += hidden[r * Hidden + h] * packed[h * Vocabulary + v];
      logits[r * Vocabulary + v] = sum;
    }
  }
}
