// The C face of a Verilated model: create, destroy, clock, and the address of each port's storage.
// CLASS and PORTS are defined by the build, one PORT(name) per port of the top, in the order of its ports.
#include <cstdint>
#include <memory>
#include "model.h"
#include "verilated.h"

namespace {
struct Instance {
    VerilatedContext context;
    CLASS top{&context};
};
}

extern "C" {
void *nasa_new() { return new Instance; }
void nasa_free(void *self) {
    auto *instance = static_cast<Instance *>(self);
    instance->top.final();
    delete instance;
}
// Settles everything that follows from the inputs without a clock edge.
void nasa_settle(void *self) { static_cast<Instance *>(self)->top.eval(); }
// Runs `cycles` clock cycles with the inputs held.
void nasa_tick(void *self, uint64_t cycles) {
    auto &top = static_cast<Instance *>(self)->top;
    for (uint64_t i = 0; i < cycles; ++i) {
        top.aclk = 1;
        top.eval();
        top.aclk = 0;
        top.eval();
    }
}
void *nasa_port(void *self, uint32_t index) {
    auto &top = static_cast<Instance *>(self)->top;
    (void)top;
    uint32_t at = 0;
#define PORT(name) if (at++ == index) return static_cast<void *>(&top.name);
    PORTS
#undef PORT
    return nullptr;
}
}
