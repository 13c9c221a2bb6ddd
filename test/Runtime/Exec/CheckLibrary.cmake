# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# cmake -DLIBRARY=... -DREADELF=... -DSTRIP=... -DSCRATCH=... -P CheckLibrary.cmake
# The runtime library links the C library's own parts only, exports C functions only, and is under 2 MB stripped.

execute_process(COMMAND ${READELF} -dW ${LIBRARY} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "NEEDED[^\n]*\\[[^]]*\\]" needed "${dynamic}")
if(NOT needed)
  message(FATAL_ERROR "no needed libraries were found in ${LIBRARY}: the test reads it wrongly")
endif()
foreach(line IN LISTS needed)
  string(REGEX REPLACE ".*\\[(.*)\\]" "\\1" name "${line}")
  if(NOT name MATCHES "^(libc\\.so\\.6|libm\\.so\\.6|libpthread\\.so\\.0|libdl\\.so\\.2|ld-linux-x86-64\\.so\\.2)$")
    message(SEND_ERROR "the runtime library needs ${name}")
  endif()
endforeach()

execute_process(COMMAND ${READELF} --dyn-syms -W ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "GLOBAL +DEFAULT +[0-9]+ [^\n]*|WEAK +DEFAULT +[0-9]+ [^\n]*" exported "${symbols}")
if(NOT exported MATCHES "terrazzo_session_open")
  message(SEND_ERROR "terrazzo_session_open is not exported")
endif()
foreach(line IN LISTS exported)
  if(NOT line MATCHES " terrazzo_")
    message(SEND_ERROR "exported and not of the C interface: ${line}")
  endif()
endforeach()

execute_process(COMMAND ${STRIP} -o ${SCRATCH} ${LIBRARY} COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${SCRATCH} bytes)
message(STATUS "${bytes} bytes stripped; ${needed}")
if(bytes GREATER 2000000)
  message(SEND_ERROR "the runtime library is ${bytes} bytes stripped, the limit is 2000000")
endif()
