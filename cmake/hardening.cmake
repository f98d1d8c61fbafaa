# hardening.cmake: how ganc and its runtime are compiled and linked so that a fault stays a fault: checked buffers, canaries, probed stacks, shadow stacks,
# code at random addresses, tables of addresses that nothing writes once the program runs, a stack that is not executable. GANC_SANITIZE: the sanitizers
# instead of checked buffers, which know less. What trainers are linked with stands in compiler/codegen/object.c.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-Wformat -Werror=format-security -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-fcf-protection)
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

set(ganc_sanitizers "")
if(GANC_SANITIZE STREQUAL "address" OR GANC_SANITIZE STREQUAL "ON")
  set(ganc_sanitizers address,undefined)
elseif(GANC_SANITIZE STREQUAL "thread")
  set(ganc_sanitizers thread)
elseif(GANC_SANITIZE)
  message(FATAL_ERROR "GANC_SANITIZE is ${GANC_SANITIZE}: it can be address, thread or OFF.")
endif()
if(ganc_sanitizers)
  add_compile_options(-fsanitize=${ganc_sanitizers} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${ganc_sanitizers})
  if(NOT GANC_SANITIZE STREQUAL "thread")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
else()
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>) # it needs optimisation
endif()
