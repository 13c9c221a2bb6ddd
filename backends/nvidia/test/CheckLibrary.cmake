# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The plugin needs the C library and the loader only, and exports its entry alone.
# cmake -DLIBRARY=FILE -DREADELF=PROGRAM -P CheckLibrary.cmake

execute_process(COMMAND ${READELF} --dynamic --dyn-syms --wide ${LIBRARY} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "Shared library: \\[[^]]*\\]" needed "${text}")
list(LENGTH needed count)
if(count EQUAL 0)
  message(FATAL_ERROR "no needed library was found in what ${READELF} says")
endif()
foreach(library IN LISTS needed)
  if(NOT library MATCHES "\\[(libc|libm|libdl|libpthread|ld-linux[^]]*)\\.so")
    message(FATAL_ERROR "${LIBRARY} needs ${library}")
  endif()
endforeach()
string(REGEX MATCHALL "(GLOBAL|WEAK) +DEFAULT +[0-9]+ [^\n]*" exported "${text}")
list(LENGTH exported count)
if(NOT count EQUAL 1 OR NOT exported MATCHES "terrazzo_device_entry")
  message(FATAL_ERROR "${LIBRARY} exports ${count} symbols: ${exported}")
endif()
