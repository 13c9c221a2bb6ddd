# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds MLIR 22 and holds the one-MLIR rule, for the build of Terrazzo itself and for backends built against an
# installed one: everything links the shared libMLIR and libLLVM, never an archive.

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

# Archives that the shared libraries don't contain and that contain neither MLIR nor LLVM themselves.
set(TERRAZZO_ALLOWED_ARCHIVES lldELF lldCommon)

# terrazzo_check_one_mlir(<target>): fails the configuration when <target>, or a target that it links, names an MLIR or
# LLVM archive: by target name (MLIRIR), by file (/usr/lib/llvm-22/lib/libMLIRIR.a) or by flag (-lMLIRIR).
function(terrazzo_check_one_mlir target)
  set(seen ${target})
  set(queue ${target})
  while(queue)
    list(POP_FRONT queue user)
    set(libraries "")
    foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(some ${user} ${property})
      if(some)
        list(APPEND libraries ${some})
      endif()
    endforeach()
    foreach(library IN LISTS libraries)
      string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" library "${library}")
      get_filename_component(name "${library}" NAME)
      string(REGEX REPLACE "^(-l|lib)" "" name "${name}")
      string(REGEX REPLACE "\\.(a|so)$" "" name "${name}")
      if(name MATCHES "^(MLIR|LLVM)[A-Za-z]" AND NOT name IN_LIST TERRAZZO_ALLOWED_ARCHIVES)
        message(FATAL_ERROR
          "${target} links the archive ${library}: that puts a second MLIR into the process, which crashes when it is "
          "loaded from another language.\nUse terrazzo_add_library or terrazzo_add_backend without naming MLIR; they "
          "link the shared libMLIR.")
      endif()
      if(TARGET "${library}" AND NOT library MATCHES "^(MLIR|LLVM)$" AND NOT library IN_LIST seen)
        list(APPEND seen ${library})
        list(APPEND queue ${library})
      endif()
    endforeach()
  endwhile()
endfunction()
