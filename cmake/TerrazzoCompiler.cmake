# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What the compiler's rooms are built with. terrazzo_add_library and terrazzo_add_backend are the only ways to link
# MLIR.

include(TerrazzoMlir)

# Headers and settings that every object of the compiler needs, and every backend.
add_library(terrazzo_mlir INTERFACE)
target_include_directories(terrazzo_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_include_directories(terrazzo_mlir INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_definitions(terrazzo_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_compile_features(terrazzo_mlir INTERFACE cxx_std_20)
target_compile_options(terrazzo_mlir INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti -fno-exceptions>)
target_link_libraries(terrazzo_mlir INTERFACE MLIR LLVM)

# One precompiled header of MLIR serves every room of the compiler.
add_library(terrazzo_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/Precompiled.cpp)
target_link_libraries(terrazzo_pch PRIVATE terrazzo_mlir)
target_precompile_headers(terrazzo_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/Precompiled.h)

# Symbols of the rooms are visible, those of tools and backends are not. g++ precompiles that into the header, and takes
# its word over the command line's; so the rooms have one of their own there.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_library(terrazzo_visible_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/Precompiled.cpp)
  target_link_libraries(terrazzo_visible_pch PRIVATE terrazzo_mlir)
  target_precompile_headers(terrazzo_visible_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/Precompiled.h)
  set_target_properties(terrazzo_visible_pch PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  set(TERRAZZO_ROOM_PCH terrazzo_visible_pch)
else()
  set(TERRAZZO_ROOM_PCH terrazzo_pch)
endif()

# terrazzo_add_library(<name> <sources...> [LINK <libraries...>] [DEPENDS <targets...>])
# An object library of the compiler; lib/CMakeLists.txt gathers all of them into the one shared libTerrazzo. Plugins
# implement and derive from its classes, so its symbols are visible.
function(terrazzo_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} OBJECT ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC terrazzo_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM ${TERRAZZO_ROOM_PCH})
  set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  add_dependencies(${name} terrazzo_headers ${ARG_DEPENDS})
  terrazzo_check_one_mlir(${name})
  set_property(GLOBAL APPEND PROPERTY TERRAZZO_COMPILER_OBJECTS ${name})
endfunction()

# terrazzo_add_compiler_tool(<name> <sources...>): an executable over libTerrazzo, for those who work on the compiler.
function(terrazzo_add_compiler_tool name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE Terrazzo terrazzo_runtime)
  # As the precompiled header was built; executables would get -fPIE.
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM terrazzo_pch)
  add_dependencies(${name} terrazzo_headers)
  terrazzo_check_one_mlir(${name})
  set_target_properties(${name} PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
