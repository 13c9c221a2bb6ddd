# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How a backend is built, inside Terrazzo's tree and against an installed Terrazzo (find_package(Terrazzo)) alike:
#
#   terrazzo_add_backend_dialect(<name> <td file> [DIALECT <dialect>])
#   terrazzo_add_backend(<name> SOURCES <files...> [LINK <libraries...>] [VENDOR <text>] [VERSION <text>])
#
# A backend's folder is include/ lib/ runtime/ test/; backends/null is a complete example.

# In the tree the backends lie where the build's libTerrazzo looks for them.
if(TARGET terrazzo_pch)
  set(TERRAZZO_BACKEND_OUTPUT ${CMAKE_BINARY_DIR}/lib/terrazzo/backends)
else()
  set(TERRAZZO_BACKEND_OUTPUT ${CMAKE_BINARY_DIR})
endif()

# terrazzo_add_backend_dialect(<name> <td file> [DIALECT <dialect>]): C++ of the dialect that <td file> describes, a
# path below the backend's include/. From "TzNull/Null.td" come "TzNull/NullDialect.h.inc", NullAttributes.h.inc,
# NullTypes.h.inc, NullOps.h.inc and the same with .cpp.inc. The dialect is tz_<name> unless DIALECT says another.
function(terrazzo_add_backend_dialect name td)
  cmake_parse_arguments(ARG "" "DIALECT" "" ${ARGN})
  if(NOT ARG_DIALECT)
    set(ARG_DIALECT tz_${name})
  endif()
  set(LLVM_TARGET_DEFINITIONS ${CMAKE_CURRENT_SOURCE_DIR}/include/${td})
  set(TABLEGEN_OUTPUT)
  if(TARGET terrazzo_pch)
    set(core_include ${CMAKE_SOURCE_DIR}/include)
  else()
    set(core_include ${TERRAZZO_INCLUDE_DIR})
  endif()
  string(REGEX REPLACE "\\.td$" "" prefix include/${td})
  foreach(part "Dialect dialect -dialect=" "Attributes attrdef -attrdefs-dialect="
      "Types typedef -typedefs-dialect=" "Ops op -op-include-regex=^")
    string(REPLACE " " ";" part "${part}")
    list(GET part 0 suffix)
    list(GET part 1 generator)
    list(GET part 2 filter)
    foreach(kind "h decls" "cpp defs")
      string(REPLACE " " ";" kind "${kind}")
      list(GET kind 0 extension)
      list(GET kind 1 what)
      mlir_tablegen(${prefix}${suffix}.${extension}.inc -gen-${generator}-${what} ${filter}${ARG_DIALECT}
        EXTRA_INCLUDES ${CMAKE_CURRENT_SOURCE_DIR}/include ${core_include} ${MLIR_INCLUDE_DIRS})
    endforeach()
  endforeach()
  add_public_tablegen_target(terrazzo_backend_${name}_headers)
endfunction()

# terrazzo_add_backend(<name> SOURCES <files...> [LINK <libraries...>] [VENDOR <text>] [VERSION <text>])
# The loadable module libterrazzo-<name>.so, target terrazzo_backend_<name>. <name> is the plugin's id. It is linked to
# libTerrazzo and, through it, to the shared libMLIR and libLLVM; LINK adds libraries that bring neither.
function(terrazzo_add_backend name)
  cmake_parse_arguments(ARG "" "VENDOR;VERSION" "SOURCES;LINK" ${ARGN})
  if(NOT name MATCHES "^[a-z0-9_]+$")
    message(FATAL_ERROR "'${name}' is no plugin id: lower-case letters, digits and _ only")
  endif()
  if(NOT ARG_VENDOR)
    set(ARG_VENDOR "Terrazzo")
  endif()
  if(NOT ARG_VERSION)
    set(ARG_VERSION ${Terrazzo_VERSION})
  endif()
  set(target terrazzo_backend_${name})
  add_library(${target} MODULE ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE
    ${CMAKE_CURRENT_SOURCE_DIR}/include ${CMAKE_CURRENT_BINARY_DIR}/include)
  target_link_libraries(${target} PRIVATE Terrazzo::Terrazzo ${ARG_LINK})
  target_compile_definitions(${target} PRIVATE
    TERRAZZO_PLUGIN_VENDOR="${ARG_VENDOR}" TERRAZZO_PLUGIN_VERSION="${ARG_VERSION}")
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME terrazzo-${name} PREFIX lib SUFFIX .so
    LIBRARY_OUTPUT_DIRECTORY ${TERRAZZO_BACKEND_OUTPUT}
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    INSTALL_RPATH "$ORIGIN/../.." INSTALL_RPATH_USE_LINK_PATH ON)
  # An archive's copies of LLVM's inline functions must not be offered to other libraries.
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL -Wl,--no-undefined
    -Wl,--build-id=sha1)
  if(TARGET terrazzo_pch)
    target_precompile_headers(${target} REUSE_FROM terrazzo_pch)
    add_dependencies(${target} terrazzo_headers)
  endif()
  if(TARGET terrazzo_backend_${name}_headers)
    add_dependencies(${target} terrazzo_backend_${name}_headers)
  endif()
  terrazzo_check_one_mlir(${target})
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/terrazzo/backends COMPONENT backends)
endfunction()
