# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Adds every folder under backends/ that has a CMakeLists.txt, then the ones named by TERRAZZO_EXTERNAL_BACKENDS.

include(TerrazzoAddBackend OPTIONAL)
file(GLOB TERRAZZO_BACKEND_LISTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/backends/*/CMakeLists.txt)
foreach(list IN LISTS TERRAZZO_BACKEND_LISTS)
  get_filename_component(folder ${list} DIRECTORY)
  add_subdirectory(${folder})
endforeach()
foreach(folder IN LISTS TERRAZZO_EXTERNAL_BACKENDS)
  get_filename_component(name ${folder} NAME)
  add_subdirectory(${folder} ${CMAKE_BINARY_DIR}/external-backends/${name})
endforeach()
