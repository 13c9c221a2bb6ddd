# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds MLIR 22 and holds the one-MLIR rule: everything links the shared libMLIR and libLLVM, never an archive.
# terrazzo_add_library and terrazzo_add_backend are the only ways to link MLIR.

# The package's version file accepts exact matches only, so the range is checked here.
find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT MLIR_VERSION MATCHES "^22\\.1\\.")
  message(FATAL_ERROR "Terrazzo is built against MLIR 22.1, found ${MLIR_VERSION} in ${MLIR_DIR}; "
    "install llvm-22-dev and libmlir-22-dev, or point MLIR_DIR at them")
endif()
# The distribution sets LLVM_LINK_LLVM_DYLIB only; without this a second MLIR would be linked silently.
set(MLIR_LINK_MLIR_DYLIB ON)
set(LLVM_LINK_LLVM_DYLIB ON)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Libraries of MLIR that are not part of the shared one, and say so in their own documentation.
set(TERRAZZO_ALLOWED_ARCHIVES "" CACHE INTERNAL "")

# terrazzo_check_one_mlir(<target>): fails the configuration when <target> names an MLIR or LLVM archive.
function(terrazzo_check_one_mlir target)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  foreach(library IN LISTS libraries)
    if(library MATCHES "^(MLIR|LLVM)[A-Z]" AND NOT library IN_LIST TERRAZZO_ALLOWED_ARCHIVES)
      message(FATAL_ERROR
        "${target} links the archive ${library}: that puts a second MLIR into the process, which crashes when it is "
        "loaded from another language.\nUse terrazzo_add_library or terrazzo_add_backend without naming MLIR; they "
        "link the shared libMLIR.")
    endif()
  endforeach()
endfunction()

# Headers and settings that every object of the compiler needs.
add_library(terrazzo_mlir INTERFACE)
target_include_directories(terrazzo_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_include_directories(terrazzo_mlir INTERFACE
  ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/include)
target_compile_definitions(terrazzo_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_compile_options(terrazzo_mlir INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti -fno-exceptions>)
target_link_libraries(terrazzo_mlir INTERFACE MLIR LLVM)

# One precompiled header of MLIR serves every room of the compiler.
add_library(terrazzo_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/Precompiled.cpp)
target_link_libraries(terrazzo_pch PRIVATE terrazzo_mlir)
target_precompile_headers(terrazzo_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/Precompiled.h)

# terrazzo_add_library(<name> <sources...> [LINK <libraries...>] [DEPENDS <targets...>])
# An object library of the compiler; lib/CMakeLists.txt gathers all of them into the one shared libTerrazzo.
function(terrazzo_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} OBJECT ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC terrazzo_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM terrazzo_pch)
  add_dependencies(${name} terrazzo_headers ${ARG_DEPENDS})
  terrazzo_check_one_mlir(${name})
  set_property(GLOBAL APPEND PROPERTY TERRAZZO_COMPILER_OBJECTS ${name})
endfunction()
