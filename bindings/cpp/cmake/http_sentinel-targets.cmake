# Defines http_sentinel::http_sentinel (shared), http_sentinel::static, http_sentinel::cxx and http_sentinel::cxx_static of
#   _hs_include   the folders of the headers
#   _hs_shared    the shared library     _hs_soname   its soname
#   _hs_archive   the static one         _hs_private  what that needs besides
# of which the files need not all be there.
set(THREADS_PREFER_PTHREAD_FLAG ON)
include(CMakeFindDependencyMacro)
find_dependency(Threads)

if(EXISTS "${_hs_shared}" AND NOT TARGET http_sentinel::http_sentinel)
    add_library(http_sentinel::http_sentinel SHARED IMPORTED GLOBAL)
    set_target_properties(http_sentinel::http_sentinel PROPERTIES
        IMPORTED_LOCATION "${_hs_shared}"
        IMPORTED_SONAME "${_hs_soname}"
        INTERFACE_INCLUDE_DIRECTORIES "${_hs_include}")
    add_library(http_sentinel::cxx INTERFACE IMPORTED GLOBAL)
    set_target_properties(http_sentinel::cxx PROPERTIES
        INTERFACE_COMPILE_FEATURES cxx_std_17
        INTERFACE_LINK_LIBRARIES "http_sentinel::http_sentinel;Threads::Threads")
endif()

if(EXISTS "${_hs_archive}" AND NOT TARGET http_sentinel::static)
    add_library(http_sentinel::static STATIC IMPORTED GLOBAL)
    set_target_properties(http_sentinel::static PROPERTIES
        IMPORTED_LOCATION "${_hs_archive}"
        IMPORTED_LINK_INTERFACE_LANGUAGES C
        INTERFACE_INCLUDE_DIRECTORIES "${_hs_include}"
        INTERFACE_LINK_LIBRARIES "Threads::Threads;${_hs_private}")
    add_library(http_sentinel::cxx_static INTERFACE IMPORTED GLOBAL)
    set_target_properties(http_sentinel::cxx_static PROPERTIES
        INTERFACE_COMPILE_FEATURES cxx_std_17
        INTERFACE_LINK_LIBRARIES "http_sentinel::static")
endif()

foreach(_hs_component shared:http_sentinel static:static cxx:cxx cxx_static:cxx_static)
    string(REGEX MATCH "^[^:]+" _hs_name "${_hs_component}")
    string(REGEX MATCH "[^:]+$" _hs_target "${_hs_component}")
    if(TARGET http_sentinel::${_hs_target})
        set(http_sentinel_${_hs_name}_FOUND TRUE)
    endif()
endforeach()
unset(_hs_name)
unset(_hs_target)
