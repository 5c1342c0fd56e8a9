// A plain C++ test bench: replays recorded inputs on the Verilated top, a record a cycle, as fast as it can.
// Called with the file of records; prints cycles, nanoseconds, and a sum over the master port's outputs by which
// the caller sees that both benches saw the same hardware.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "Vmodel.h"

double sc_time_stamp() { return 0; }

// Inputs of a cycle, in the order of the top's ports; the caller checks that order.
struct Cycle {
    uint64_t aresetn;
    uint64_t s_axi_awaddr, s_axi_awvalid, s_axi_wdata, s_axi_wvalid, s_axi_bready, s_axi_wstrb;
    uint64_t s_axi_araddr, s_axi_arvalid, s_axi_rready;
    uint64_t m_axi_arready, m_axi_rvalid, m_axi_rdata, m_axi_rresp, m_axi_awready, m_axi_wready, m_axi_bvalid;
    uint64_t m_axi_bresp, m_axi_rlast;
};

static void drive(Vmodel &top, const Cycle &cycle) {
    top.aresetn = cycle.aresetn;
    top.s_axi_awaddr = cycle.s_axi_awaddr;
    top.s_axi_awvalid = cycle.s_axi_awvalid;
    top.s_axi_wdata = cycle.s_axi_wdata;
    top.s_axi_wvalid = cycle.s_axi_wvalid;
    top.s_axi_bready = cycle.s_axi_bready;
    top.s_axi_wstrb = cycle.s_axi_wstrb;
    top.s_axi_araddr = cycle.s_axi_araddr;
    top.s_axi_arvalid = cycle.s_axi_arvalid;
    top.s_axi_rready = cycle.s_axi_rready;
    top.m_axi_arready = cycle.m_axi_arready;
    top.m_axi_rvalid = cycle.m_axi_rvalid;
    top.m_axi_rdata = cycle.m_axi_rdata;
    top.m_axi_rresp = cycle.m_axi_rresp;
    top.m_axi_awready = cycle.m_axi_awready;
    top.m_axi_wready = cycle.m_axi_wready;
    top.m_axi_bvalid = cycle.m_axi_bvalid;
    top.m_axi_bresp = cycle.m_axi_bresp;
    top.m_axi_rlast = cycle.m_axi_rlast;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    std::ifstream file(arguments[1], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const size_t cycles = bytes.size() / sizeof(Cycle);
    const Cycle *record = reinterpret_cast<const Cycle *>(bytes.data());

    VerilatedContext context;
    Vmodel top{&context, "top"};
    top.eval();
    uint64_t sum = 0;
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < cycles; ++i) {
        drive(top, record[i]);
        top.aclk = 0;
        top.eval();
        top.aclk = 1;
        top.eval();
        sum = sum * 31 + top.irq;
        sum = sum * 31 + (top.m_axi_arvalid ? top.m_axi_araddr : 0);
        sum = sum * 31 + (top.m_axi_awvalid ? top.m_axi_awaddr : 0);
        sum = sum * 31 + (top.m_axi_wvalid ? top.m_axi_wdata : 0);
    }
    const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - start;
    std::printf("%zu %lld %llu\n", cycles, static_cast<long long>(time.count()), static_cast<unsigned long long>(sum));
    top.final();
    return 0;
}
