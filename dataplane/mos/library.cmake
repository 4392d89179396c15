# libmosaic-mos.so: one shared library with all of Mosaic that it needs inside,
# and only the C API to be seen, so that a program names one library and none of
# ours can clash with its own. DPDK stays shared, as Debian has it.
#
# A build folder has the layout of an installation: lib/libmosaic-mos.so, with
# lib/mosaic/filter-check beside it.
include(GNUInstallDirs)

set(map ${CMAKE_CURRENT_LIST_DIR}/mosaic-mos.map)
add_library(mosaic-mos SHARED ${CMAKE_CURRENT_LIST_DIR}/library.cc)
target_link_libraries(mosaic-mos PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,mosaic_mos>)
target_link_options(mosaic-mos PRIVATE -Wl,--version-script=${map} -Wl,-Bsymbolic)
set_target_properties(mosaic-mos PROPERTIES
  LINK_DEPENDS ${map}
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})

add_executable(mosaic-mos-filter-check ${CMAKE_CURRENT_LIST_DIR}/filter_check_main.cc)
target_link_libraries(mosaic-mos-filter-check PRIVATE mosaic_filter)
set_target_properties(mosaic-mos-filter-check PROPERTIES
  OUTPUT_NAME filter-check RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/mosaic)
add_dependencies(mosaic-mos mosaic-mos-filter-check)

# The pkg-config file, twice: PKG_CONFIG_PATH=build/release finds the one of the
# build folder.
set(pc_prefix ${CMAKE_BINARY_DIR})
set(pc_includedir ${CMAKE_CURRENT_LIST_DIR}/include)
set(pc_libdir "\${prefix}/lib")
configure_file(${CMAKE_CURRENT_LIST_DIR}/mosaic-mos.pc.in
  ${CMAKE_BINARY_DIR}/mosaic-mos.pc @ONLY)
# In an installation it lies in LIBDIR/pkgconfig, and finds the rest from there,
# wherever `cmake --install --prefix` puts it.
file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pc_prefix "\${pcfiledir}/${up}")
set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}/mosaic-mos")
set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/mosaic-mos.pc.in
  ${CMAKE_CURRENT_BINARY_DIR}/installed/mosaic-mos.pc @ONLY)

install(TARGETS mosaic-mos LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT mos)
install(TARGETS mosaic-mos-filter-check
  RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/mosaic COMPONENT mos)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mosaic-mos COMPONENT mos)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/installed/mosaic-mos.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT mos)
