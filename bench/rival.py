# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times one rival engine through its low-level API, in a process of its own.

rival.py llama_cpp|ik_llama_cpp MODEL THREADS N_PROMPT N_GEN CONTEXT prints one JSON line with the keys of
`terrazzo bench --format json` that apply. Random tokens of a fixed seed, one warm-up; the prompt asks for the logits of
its last token only, generation starts from an empty cache: what llama-bench does.
"""

import ctypes
import importlib
import json
import os
import pathlib
import random
import resource
import sys
import time


def quietly(work):
    """Runs `work` with the C library's stderr closed: the engines talk a lot while loading."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        return work()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


class Engine:
    def __init__(self, name, path, threads, context):
        if name == "ik_llama_cpp":
            native = pathlib.Path(sys.prefix) / "ik-native" / "libllama.so"
            if not native.exists():
                raise ImportError("its native libraries are not built")
            os.environ["IK_LLAMA_CPP_LIB_PATH"] = str(native)
            # Copied out of its build folder it no longer finds its neighbour by itself.
            ctypes.CDLL(str(native.with_name("libggml.so")), mode=ctypes.RTLD_GLOBAL)
            self.api = importlib.import_module("ik_llama_cpp._ctypes_api")
        else:
            self.api = importlib.import_module("llama_cpp.llama_cpp")
        api = self.api
        api.llama_backend_init()
        self.model = api.llama_model_load_from_file(path.encode(), api.llama_model_default_params())
        if not self.model:
            raise RuntimeError(f"{name} cannot load {path}")
        params = api.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, 512, 512
        params.n_threads = params.n_threads_batch = threads
        if hasattr(params, "flash_attn"):
            params.flash_attn = True
        self.context = api.llama_init_from_model(self.model, params)
        self.vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self.model))
        self.batch = api.llama_batch_init(512, 0, 1)

    def clear(self):
        if hasattr(self.api, "llama_kv_cache_clear"):
            self.api.llama_kv_cache_clear(self.context)
        else:
            self.api.llama_memory_clear(self.api.llama_get_memory(self.context), True)

    def decode(self, tokens, position):
        batch = self.batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i + 1 == len(tokens)
        if self.api.llama_decode(self.context, batch):
            raise RuntimeError("llama_decode failed")
        # Reading a logit waits for the result.
        return self.api.llama_get_logits_ith(self.context, len(tokens) - 1)[0]


def main():
    name, path = sys.argv[1:3]
    threads, n_prompt, n_gen, context = map(int, sys.argv[3:7])
    start = time.perf_counter()
    engine = quietly(lambda: Engine(name, path, threads, context))
    load = time.perf_counter() - start
    generator = random.Random(1)
    tokens = [generator.randrange(engine.vocabulary) for _ in range(max(n_prompt, n_gen, 2))]

    def prompt():
        engine.clear()
        start = time.perf_counter()
        for at in range(0, n_prompt, 512):
            engine.decode(tokens[at : min(at + 512, n_prompt)], at)
        return n_prompt / (time.perf_counter() - start)

    def generate(count):
        engine.clear()
        start = time.perf_counter()
        for at in range(count):
            engine.decode(tokens[at : at + 1], at)
        return count / (time.perf_counter() - start)

    prompt()
    pp = prompt()
    generate(2)
    tg = generate(n_gen)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"pp": pp, "tg": tg, "load_s": load, "peak_rss_mb": peak, "threads": threads}))


if __name__ == "__main__":
    try:
        main()
    except (ImportError, RuntimeError, OSError) as error:
        sys.exit(f"{error}")
