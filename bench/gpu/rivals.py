# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same work by torch: matrix products (cuBLAS), attention (SDPA), and a decode step under torch.compile.

Products are on f16 and bf16 weights, which is what cuBLAS has: they read two to four times the bytes of block formats.
"""

import statistics

import torch
import torch.nn.functional as F

DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16}
DEVICE = "cuda"


def seconds_of(work, copies, settings):
    """Of work(i) for the i-th copy of the arguments, as timing.time_case measures ours."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for i in range(copies):
            work(i)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work(0)
        end.record()
        end.synchronize()
        count = settings.launches(copies, begin.elapsed_time(end) * 1e-3)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            for i in range(count):
                work(i % copies)
        times = []
        for repeat in range(settings.repeats + 5):
            begin.record()
            graph.replay()
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end) * 1e-3 / count)
    return statistics.median(times[5:])


def random(*shape, dtype):
    return torch.randn(*shape, device=DEVICE, dtype=dtype)


def matmul(tokens, rows, columns, dtype, l2_bytes, settings):
    """torch.matmul of [tokens, columns] with a weight [rows, columns]."""
    bytes_moved = 2 * (rows * columns + tokens * (rows + columns))
    copies = settings.copies(bytes_moved, l2_bytes)
    x = random(tokens, columns, dtype=dtype)
    weights = [random(rows, columns, dtype=dtype) for _ in range(copies)]
    results = [torch.empty(tokens, rows, device=DEVICE, dtype=dtype) for _ in range(copies)]
    return seconds_of(lambda i: torch.matmul(x, weights[i].T, out=results[i]), copies, settings)


def attention(tokens, rows, heads, key_heads, dim, l2_bytes, settings):
    """SDPA in f16 of the last `tokens` of `rows` positions, causal."""
    copies = settings.copies(2 * dim * (2 * key_heads * rows + 2 * heads * tokens), l2_bytes)
    q = [random(1, heads, tokens, dim, dtype=torch.float16) for _ in range(copies)]
    caches = [[random(1, key_heads, rows, dim, dtype=torch.float16) for _ in range(2)] for _ in range(copies)]
    options = {"enable_gqa": True} if heads != key_heads else {}
    if tokens == rows:
        options["is_causal"] = tokens > 1
    elif tokens > 1:
        from torch.nn.attention.bias import causal_lower_right
        options = {"attn_mask": causal_lower_right(tokens, rows)}
        # This mask comes with no grouped heads; the copies are made beforehand.
        caches = [[c.repeat_interleave(heads // key_heads, dim=1) for c in pair] for pair in caches]
    return seconds_of(lambda i: F.scaled_dot_product_attention(q[i], *caches[i], scale=0.125, **options), copies, settings)


def of_case(case, l2_bytes, settings):
    """{name: seconds, or why not in words}."""
    tokens, rows = case["sizes"]
    if case["kind"] == "matmul":
        work = {f"cuBLAS {name}": lambda dtype=dtype: matmul(tokens, *case["shape"], dtype, l2_bytes, settings)
                for name, dtype in DTYPES.items()}
    else:
        work = {"SDPA f16": lambda: attention(tokens, rows, *case["shape"], l2_bytes, settings)}
    found = {}
    for name, one in work.items():
        try:
            found[name] = one()
        except (RuntimeError, TypeError, ImportError) as error:
            found[name] = f"failed: {str(error).splitlines()[0]}"
        torch.cuda.empty_cache()
    return found


def cublas_peak(settings, side=8192):
    """TFLOP/s of a large square product in f16."""
    return 2 * side ** 3 / matmul(side, side, side, torch.float16, 0, settings) / 1e12


class Decoder(torch.nn.Module):
    """A llama-like model of given shapes with random bf16 weights and static caches; one token a call."""

    def __init__(self, shapes, context):
        super().__init__()
        self.s, self.context = shapes, context
        width, heads, key_heads, dim = (shapes[k] for k in ("width", "heads", "key_heads", "head_dim"))

        def weight(rows, columns):
            return torch.nn.Parameter(random(rows, columns, dtype=torch.bfloat16) / columns ** 0.5, requires_grad=False)

        self.table = weight(shapes["vocabulary"], width)
        self.norms = torch.nn.ParameterList(torch.nn.Parameter(torch.ones(width, device=DEVICE, dtype=torch.bfloat16),
                                                               requires_grad=False) for _ in range(2 * shapes["layers"] + 1))
        layers = range(shapes["layers"])
        self.qkv = torch.nn.ParameterList(weight((heads + 2 * key_heads) * dim, width) for _ in layers)
        self.out = torch.nn.ParameterList(weight(width, heads * dim) for _ in layers)
        self.gate_up = torch.nn.ParameterList(weight(2 * shapes["feed_forward"], width) for _ in layers)
        self.down = torch.nn.ParameterList(weight(width, shapes["feed_forward"]) for _ in layers)
        for layer in layers:
            for name in "kv":
                self.register_buffer(f"{name}{layer}", random(1, key_heads, context, dim, dtype=torch.bfloat16))
        angles = torch.outer(torch.arange(context, device=DEVICE),
                             10000.0 ** (-torch.arange(0, dim, 2, device=DEVICE) / dim))
        self.register_buffer("cos", angles.cos().bfloat16())
        self.register_buffer("sin", angles.sin().bfloat16())

    def rotate(self, x, position):
        cos, sin = self.cos[position], self.sin[position]
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)

    def forward(self, token, position):
        heads, key_heads, dim = (self.s[k] for k in ("heads", "key_heads", "head_dim"))
        mask = (torch.arange(self.context, device=token.device) <= position).view(1, 1, 1, -1)
        x = self.table[token]
        for layer in range(self.s["layers"]):
            h = F.rms_norm(x, (self.s["width"],), self.norms[2 * layer])
            q, k, v = (h @ self.qkv[layer].T).split([heads * dim, key_heads * dim, key_heads * dim], dim=-1)
            keys, values = getattr(self, f"k{layer}"), getattr(self, f"v{layer}")
            keys.index_copy_(2, position, self.rotate(k.view(1, key_heads, 1, dim), position))
            values.index_copy_(2, position, v.view(1, key_heads, 1, dim))
            q = self.rotate(q.view(1, heads, 1, dim), position)
            o = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, enable_gqa=heads != key_heads)
            x = x + o.reshape(1, heads * dim) @ self.out[layer].T
            h = F.rms_norm(x, (self.s["width"],), self.norms[2 * layer + 1])
            gate, up = (h @ self.gate_up[layer].T).chunk(2, dim=-1)
            x = x + (F.silu(gate) * up) @ self.down[layer].T
        return F.rms_norm(x, (self.s["width"],), self.norms[-1]) @ self.table.T


@torch.no_grad()
def decode(shapes, n_prompt, n_gen):
    """Tokens per second of greedy decoding behind `n_prompt` rows, the next token fed back on the device."""
    model = Decoder(shapes, n_prompt + n_gen)
    step = torch.compile(lambda token, position: model(token, position).argmax(-1), mode="reduce-overhead", fullgraph=True)
    rates = []
    for repeat in range(6):
        token = torch.zeros(1, dtype=torch.long, device=DEVICE)
        position = torch.full((1,), n_prompt, dtype=torch.long, device=DEVICE)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        for _ in range(n_gen):
            token = step(token, position).clone()
            position += 1
        end.record()
        end.synchronize()
        rates.append(n_gen / (begin.elapsed_time(end) * 1e-3))
    return statistics.median(rates[1:])
