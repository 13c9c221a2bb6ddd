# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The CUDA driver API through ctypes: a device, its memory, kernels, graphs and the time between events.

The device's primary context is used, which is the one that torch uses too.
"""

import ctypes
import struct

CAPABILITY_MAJOR, CAPABILITY_MINOR, L2_BYTES = 75, 76, 38
MAX_DYNAMIC_SHARED = 8
JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES = 5, 6
CAPTURE_RELAXED = 2
SHARED_WITHOUT_OPTIN = 48 << 10


class DriverError(Exception):
    def __init__(self, call, result, words):
        super().__init__(f"{call}: {words} ({result})")
        self.result = result


class Driver:
    """One device. Every call raises DriverError when the driver answers with an error."""

    def __init__(self, library="libcuda.so.1", ordinal=0):
        self.library = ctypes.CDLL(library)
        self.call("cuInit", ctypes.c_uint(0))
        device, context, stream = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(ordinal))
        self.device = device
        name = ctypes.create_string_buffer(256)
        self.call("cuDeviceGetName", name, ctypes.c_int(256), device)
        self.name = name.value.decode()
        self.capability = self.attribute(CAPABILITY_MAJOR), self.attribute(CAPABILITY_MINOR)
        self.l2_bytes = self.attribute(L2_BYTES)
        version = ctypes.c_int()
        self.call("cuDriverGetVersion", ctypes.byref(version))
        self.version = version.value
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)
        # A blocking stream: copies of the default stream and its kernels keep their order.
        self.call("cuStreamCreate", ctypes.byref(stream), ctypes.c_uint(0))
        self.stream = stream

    def call(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result:
            words = ctypes.c_char_p()
            self.library.cuGetErrorString(result, ctypes.byref(words))
            raise DriverError(name, result, (words.value or b"unknown error").decode())

    def attribute(self, number):
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), ctypes.c_int(number), self.device)
        return value.value

    def allocate(self, size):
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(max(size, 64)))
        return address.value

    def free(self, address):
        self.call("cuMemFree_v2", ctypes.c_uint64(address))

    def write(self, address, data):
        """`data`: a contiguous numpy array."""
        if data.nbytes:
            self.call("cuMemcpyHtoD_v2", ctypes.c_uint64(address), ctypes.c_void_p(data.ctypes.data),
                      ctypes.c_size_t(data.nbytes))

    def read(self, data, address):
        if data.nbytes:
            self.call("cuMemcpyDtoH_v2", ctypes.c_void_p(data.ctypes.data), ctypes.c_uint64(address),
                      ctypes.c_size_t(data.nbytes))

    def copy(self, to, source, size):
        self.call("cuMemcpyDtoDAsync_v2", ctypes.c_uint64(to), ctypes.c_uint64(source), ctypes.c_size_t(size),
                  self.stream)

    def synchronize(self):
        self.call("cuStreamSynchronize", self.stream)

    def record(self, work):
        """What `work()` puts into the stream, to be replayed until it is forgotten."""
        graph, recording = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuStreamBeginCapture_v2", self.stream, ctypes.c_int(CAPTURE_RELAXED))
        try:
            work()
        finally:
            self.call("cuStreamEndCapture", self.stream, ctypes.byref(graph))
        self.call("cuGraphInstantiateWithFlags", ctypes.byref(recording), graph, ctypes.c_uint64(0))
        self.call("cuGraphDestroy", graph)
        return recording

    def replay(self, recording):
        self.call("cuGraphLaunch", recording, self.stream)

    def forget(self, recording):
        self.call("cuGraphExecDestroy", recording)

    def seconds(self, work):
        """Of the work that `work()` puts into the stream, by events around it."""
        if not hasattr(self, "events"):
            self.events = ctypes.c_void_p(), ctypes.c_void_p()
            for event in self.events:
                self.call("cuEventCreate", ctypes.byref(event), ctypes.c_uint(0))
        begin, end = self.events
        self.call("cuEventRecord", begin, self.stream)
        work()
        self.call("cuEventRecord", end, self.stream)
        self.call("cuEventSynchronize", end)
        milliseconds = ctypes.c_float()
        self.call("cuEventElapsedTime", ctypes.byref(milliseconds), begin, end)
        return milliseconds.value * 1e-3


class Kernel:
    """One kernel of a blob as backends/nvidia/include/TzNvidia/CodeBlob.h describes it, loaded."""

    HEADER, RECORD = struct.Struct("<8s16s16sIIQ"), struct.Struct("<6Q6I")

    def __init__(self, driver, blob, entry, code="auto"):
        self.driver = driver
        magic, plugin, arch, version, count, _ = self.HEADER.unpack_from(blob)
        if magic != b"TZCODE01" or plugin.rstrip(b"\0") != b"nvidia" or version != 1:
            raise ValueError("not code of this kind")
        index, rest = divmod(entry - self.HEADER.size, self.RECORD.size)
        if rest or not 0 <= index < count:
            raise ValueError(f"no kernel at {entry}")
        self.arch = arch.rstrip(b"\0").decode()
        (name_at, name_bytes, ptx_at, ptx_bytes, cubin_at, cubin_bytes, self.threads, self.binding_count,
         self.registers, self.spills, static, _) = self.RECORD.unpack_from(blob, entry)
        cubin = blob[cubin_at:cubin_at + cubin_bytes] if cubin_at else b""
        ptx = blob[ptx_at:ptx_at + ptx_bytes]
        self.loaded_from, module = self.load(cubin, ptx, code)
        self.module, self.function = module, ctypes.c_void_p()
        driver.call("cuModuleGetFunction", ctypes.byref(self.function), module, blob[name_at:name_at + name_bytes])
        self.shared = SHARED_WITHOUT_OPTIN - static

    def load(self, cubin, ptx, code):
        """Machine code when it fits, else the text, as the device plugin does; `code` may insist on one of them."""
        module = ctypes.c_void_p()
        if code == "cubin" or (code == "auto" and cubin):
            if not cubin:
                raise ValueError("holds no machine code")
            try:
                self.driver.call("cuModuleLoadDataEx", ctypes.byref(module), cubin, ctypes.c_uint(0), None, None)
                return "cubin", module
            except DriverError:
                if code == "cubin":
                    raise
        log = ctypes.create_string_buffer(8192)
        options = (ctypes.c_int * 2)(JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), len(log))
        try:
            self.driver.call("cuModuleLoadDataEx", ctypes.byref(module), ptx + b"\0", ctypes.c_uint(2), options, values)
        except DriverError as error:
            raise DriverError("cuModuleLoadDataEx", error.result, f"{error}\n{log.value.decode(errors='replace')}") from None
        return "PTX", module

    def launch(self, addresses, sizes, workgroups, scratch):
        """Parameters are the bindings' addresses, then the sizes, 64 bits each."""
        if len(addresses) != self.binding_count:
            raise ValueError(f"takes {self.binding_count} bindings, not {len(addresses)}")
        if scratch > self.shared:
            self.driver.call("cuFuncSetAttribute", self.function, ctypes.c_int(MAX_DYNAMIC_SHARED), ctypes.c_int(scratch))
            self.shared = scratch
        values = (ctypes.c_uint64 * (len(addresses) + len(sizes)))(*addresses, *sizes)
        places = (ctypes.c_void_p * len(values))(*(ctypes.addressof(values) + 8 * i for i in range(len(values))))
        self.driver.call("cuLaunchKernel", self.function, *map(ctypes.c_uint, (workgroups, 1, 1, self.threads, 1, 1, scratch)),
                         self.driver.stream, places, None)

    def unload(self):
        self.driver.call("cuModuleUnload", self.module)
