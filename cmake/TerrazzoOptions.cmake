# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiler settings shared by every room: warnings, ccache, the linker, precompiled headers.

find_program(TERRAZZO_CCACHE ccache)
if(TERRAZZO_CCACHE)
  # Precompiled headers are only cacheable when time stamps in them are ignored.
  set(TERRAZZO_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${TERRAZZO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${TERRAZZO_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TERRAZZO_LAUNCHER})
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter -fno-semantic-interposition)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns of overlapping or huge copies inside std::string and std::vector, and of parts of a moved pair that nobody has
  # written, where there are none (GCC bugs 105651, 105329).
  foreach(warning array-bounds maybe-uninitialized restrict stringop-overflow)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-${warning}>)
  endforeach()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Xclang -fno-pch-timestamp)
  find_program(TERRAZZO_LLD NAMES ld.lld-22 ld.lld)
  if(TERRAZZO_LLD)
    add_link_options(--ld-path=${TERRAZZO_LLD})
  endif()
endif()
# Build ids are what a cached package is compared with.
add_link_options(-Wl,--build-id=sha1)
