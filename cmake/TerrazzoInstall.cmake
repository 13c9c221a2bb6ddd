# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what a vendor builds a backend against: libTerrazzo, public headers, dialect descriptions, CMake files.
# Tools and in-tree backends install themselves where they are added.

include(CMakePackageConfigHelpers)
set(TERRAZZO_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Terrazzo)
set(TERRAZZO_PLUGIN_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/terrazzo/backends)

set_target_properties(Terrazzo PROPERTIES INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS Terrazzo terrazzo_mlir EXPORT TerrazzoTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT TerrazzoTargets NAMESPACE Terrazzo:: DESTINATION ${TERRAZZO_CMAKE_DIR})

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/terrazzo ${CMAKE_SOURCE_DIR}/include/terrazzo-c
  ${CMAKE_BINARY_DIR}/include/terrazzo
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*.td" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE
  # The compiler's own: they need the runtime's headers, and no backend needs them.
  PATTERN "terrazzo/Compiler" EXCLUDE PATTERN "terrazzo/Import" EXCLUDE PATTERN "terrazzo/Reference" EXCLUDE)
# The folder exists from the first installation on, so that its place can be asked for.
install(DIRECTORY DESTINATION ${TERRAZZO_PLUGIN_INSTALL_DIR})

configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/TerrazzoConfig.cmake.in
  ${CMAKE_BINARY_DIR}/TerrazzoConfig.cmake INSTALL_DESTINATION ${TERRAZZO_CMAKE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR TERRAZZO_PLUGIN_INSTALL_DIR)
# Plugins are in lock-step with the headers, so only the same release will do.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/TerrazzoConfigVersion.cmake COMPATIBILITY ExactVersion)
install(FILES ${CMAKE_BINARY_DIR}/TerrazzoConfig.cmake ${CMAKE_BINARY_DIR}/TerrazzoConfigVersion.cmake
  ${CMAKE_SOURCE_DIR}/cmake/TerrazzoMlir.cmake ${CMAKE_SOURCE_DIR}/cmake/TerrazzoAddBackend.cmake
  DESTINATION ${TERRAZZO_CMAKE_DIR})
