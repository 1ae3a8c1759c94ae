# The C++ package's own rules; the Makefile at the top includes them.

CPP         := bindings/cpp
CPP_T       := $(T)/cpp
CPP_HEADERS := $(HEADER) $(wildcard $(CPP)/include/*.hpp $(CPP)/include/*/*.hpp)
CPP_STRICT  := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
CPP_INCLUDE := -Iinclude -I$(CPP)/include
CPP_LINK     = -L$(LIB) -lhttp_sentinel -pthread -Wl,-rpath,$(LIB)

# The ways in which the tests are built: each standard, one of them with the sanitizers, and without exceptions and RTTI.
CPP_WAYS    := 17 20 23 bare
CPP_WAY_17   := -std=c++17
CPP_WAY_20   := -std=c++20 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CPP_WAY_23   := -std=c++23
CPP_WAY_bare := -std=c++17 -fno-exceptions -fno-rtti
CPP_UNITS   := $(basename $(notdir $(wildcard $(CPP)/tests/*.cpp)))

.PHONY: test-cpp cpp-tests cpp-headers
test-cpp: ## the C++ package: its tests in C++17, 20, 23 and without exceptions, installations, examples
	@.ci/test-cpp.sh

cpp-tests: $(CPP_WAYS:%=$(CPP_T)/%/tests)
define CPP_RULES
$(CPP_T)/$(1)/%.o: $(CPP)/tests/%.cpp $(CPP)/tests/check.hpp $(CPP_HEADERS)
	@mkdir -p $$(@D)
	g++ $(CPP_WAY_$(1)) -g1 $(CPP_STRICT) $(CPP_INCLUDE) -c $$< -o $$@
$(CPP_T)/$(1)/tests: $(CPP_UNITS:%=$(CPP_T)/$(1)/%.o) $(LIB)/libhttp_sentinel.so
	g++ $(CPP_WAY_$(1)) $(CPP_UNITS:%=$(CPP_T)/$(1)/%.o) -o $$@ $(CPP_LINK)
endef
$(foreach way,$(CPP_WAYS),$(eval $(call CPP_RULES,$(way))))

# Each header includes what it needs.
cpp-headers: $(patsubst $(CPP)/include/%.hpp,$(CPP_T)/headers/%.ok,$(filter %.hpp,$(CPP_HEADERS)))
$(CPP_T)/headers/%.ok: $(CPP)/include/%.hpp $(CPP_HEADERS)
	@mkdir -p $(@D)
	echo '#include <$*.hpp>' | g++ -std=c++17 -fsyntax-only $(CPP_STRICT) $(CPP_INCLUDE) -x c++ -
	@touch $@

# ---- Memory, threads and descriptors over FLAT=100000 requests.

FLAT ?= 100000

.PHONY: flat-cpp
flat-cpp: $(CPP_T)/flat ## memory, threads and descriptors of the C++ package over FLAT=100000 requests
	@.ci/with-server.sh bash -c '"$$0" "$$HS_TEST_HTTP" $(FLAT)' $<

$(CPP_T)/flat: $(CPP)/tests/flat/flat.cpp $(CPP_HEADERS) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	g++ -std=c++20 -g1 $(CPP_STRICT) $(CPP_INCLUDE) $< -o $@ $(CPP_LINK)

# ---- Examples, as a user's own build does it: C++17, but for those that say so.

CPP_EXAMPLES := $(basename $(notdir $(wildcard $(CPP)/examples/*.cpp)))

.PHONY: cpp-examples
cpp-examples: $(CPP_EXAMPLES:%=$(CPP_T)/examples/%)
$(CPP_T)/examples/stream $(CPP_T)/examples/order: CPP_STANDARD := -std=c++20
$(CPP_T)/examples/%: CPP_STANDARD ?= -std=c++17
$(CPP_T)/examples/%: $(CPP)/examples/%.cpp $(CPP_HEADERS) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	g++ $(CPP_STANDARD) -g $(CPP_STRICT) $(CPP_INCLUDE) $< -o $@ $(CPP_LINK)

# ---- Installing what `make build` has built: for C and C++, pkg-config and CMake.

PREFIX ?= /usr/local
export PREFIX DESTDIR LIBDIR INCLUDEDIR

.PHONY: install uninstall
install: ## the library, its headers, pkg-config and CMake files into PREFIX=/usr/local (DESTDIR=, LIBDIR=, INCLUDEDIR=)
	@.ci/install.sh install

uninstall: ## take that out again
	@.ci/install.sh uninstall
