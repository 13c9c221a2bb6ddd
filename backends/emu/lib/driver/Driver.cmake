# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The driver library: the driver API's entry points over the executor, its device descriptor, and a folder in which it has
# the name of the driver's own library: LD_LIBRARY_PATH=<build>/lib/emu-driver PROGRAM.

file(GLOB driver_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/Driver*.cpp)
set(driver_exports ${CMAKE_CURRENT_LIST_DIR}/DriverExports.map)
add_library(terrazzo_emu_cuda SHARED ${driver_sources})
target_include_directories(terrazzo_emu_cuda PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../../include)
target_link_libraries(terrazzo_emu_cuda PRIVATE terrazzo_emu_executor)
target_compile_options(terrazzo_emu_cuda PRIVATE -fno-rtti)
# Threads of streams may run on when whoever opened it closes it, so it stays. Its entry points call each other, never those
# of another driver in the process.
target_link_options(terrazzo_emu_cuda PRIVATE
  -Wl,--exclude-libs,ALL -Wl,--build-id=sha1 -Wl,--no-undefined -Wl,-Bsymbolic -Wl,-z,nodelete -Wl,--version-script=${driver_exports})
set_target_properties(terrazzo_emu_cuda PROPERTIES
  OUTPUT_NAME terrazzo-emu-cuda PREFIX lib
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
  LINK_DEPENDS ${driver_exports}
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
set_property(GLOBAL APPEND PROPERTY TERRAZZO_DEVICE_PLUGINS terrazzo_emu_cuda)
add_custom_command(TARGET terrazzo_emu_cuda POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/lib/emu-driver
  COMMAND ${CMAKE_COMMAND} -E create_symlink ../libterrazzo-emu-cuda.so ${CMAKE_BINARY_DIR}/lib/emu-driver/libcuda.so.1)
configure_file(${CMAKE_CURRENT_LIST_DIR}/../emu.json ${CMAKE_BINARY_DIR}/lib/terrazzo/devices/emu.json COPYONLY)
install(TARGETS terrazzo_emu_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT backends)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/../emu.json DESTINATION ${CMAKE_INSTALL_LIBDIR}/terrazzo/devices COMPONENT backends)
