# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# cmake -DBUILD=<build> -DBACKEND=<folder> -DWORK=<folder> -DC_COMPILER= -DCXX_COMPILER= -DGENERATOR= -P OutOfTree.cmake
# Installs the build, copies one backend out of the tree, builds it against the installation and loads it there; then
# shows that the one-MLIR rule refuses an archive at configure time.

# run(<expected: OK or FAIL> <output variable> <command...>)
function(run expected out)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    set(found OK)
  else()
    set(found FAIL)
  endif()
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "expected ${expected}, exit status ${result}:\n${ARGN}\n${output}")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

get_filename_component(name ${BACKEND} NAME)
file(REMOVE_RECURSE ${WORK})
run(OK log ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
file(COPY ${BACKEND} DESTINATION ${WORK}/copy)
# What installed headers include is installed.
file(GLOB_RECURSE headers RELATIVE ${WORK}/installed/include ${WORK}/installed/include/terrazzo*/*.h)
list(LENGTH headers count)
if(count LESS 40)
  message(FATAL_ERROR "only ${count} headers are installed")
endif()
list(TRANSFORM headers REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE includes)
string(JOIN "" includes ${includes})
file(WRITE ${WORK}/copy/${name}/headers.cpp "${includes}")
file(APPEND ${WORK}/copy/${name}/CMakeLists.txt "
add_library(headers OBJECT headers.cpp)
target_link_libraries(headers PRIVATE Terrazzo::Terrazzo)
")
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/copy/${name} -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_PREFIX_PATH=${WORK}/installed -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER})
run(OK log ${configure} -B ${WORK}/build)
run(OK log ${CMAKE_COMMAND} --build ${WORK}/build)

# The installed copy of the same plugin steps aside, so only the one built here can be found.
file(GLOB installed ${WORK}/installed/lib*/terrazzo/backends/libterrazzo-${name}.so)
if(NOT installed)
  message(FATAL_ERROR "the in-tree backend was not installed")
endif()
file(REMOVE ${installed})
file(WRITE ${WORK}/empty.mlir "")
set(opt ${WORK}/installed/bin/terrazzo-opt)
run(FAIL log ${opt} --load-plugin=${name} ${WORK}/empty.mlir)
set(ENV{TERRAZZO_PLUGIN_PATH} ${WORK}/build)
run(OK log ${opt} --load-plugin=${name} ${WORK}/empty.mlir)

file(APPEND ${WORK}/copy/${name}/CMakeLists.txt "
add_library(middle INTERFACE)
target_link_libraries(middle INTERFACE MLIRIR)
terrazzo_add_backend(archive SOURCES lib/NullPlugin.cpp LINK middle)
")
run(FAIL log ${configure} -B ${WORK}/build-archive)
if(NOT log MATCHES "links the archive MLIRIR")
  message(FATAL_ERROR "the one-MLIR rule did not speak:\n${log}")
endif()
file(REMOVE_RECURSE ${WORK})
