// Runs one program on nasa_top under Icarus Verilog: a second simulator, a second memory model, no Rust and no C++.
// DRAM is read from dram.hex and written back to result.hex; the run is started over AXI4-Lite as a driver would.
`timescale 1ns / 1ps
module bench;
    reg aclk = 0;
    reg aresetn = 0;
    always #5 aclk = ~aclk;

    reg [63:0] dram [0:`WORDS - 1];

    reg [11:0] s_axi_awaddr = 0;
    reg s_axi_awvalid = 0;
    reg [31:0] s_axi_wdata = 0;
    reg s_axi_wvalid = 0;
    wire s_axi_bvalid;
    wire irq;
    wire arvalid, awvalid, wvalid, wlast;
    wire [39:0] araddr, awaddr;
    wire [7:0] arlen, awlen;
    wire [63:0] wdata;
    wire [7:0] wstrb;

    // Reads: one burst at a time, first beat three cycles after its address.
    reg reading = 0;
    reg [36:0] read_word = 0;
    reg [8:0] read_left = 0;
    reg [1:0] read_wait = 0;
    wire rvalid = reading && read_wait == 0;
    always @(posedge aclk) begin
        if (!reading && arvalid) begin
            reading <= 1;
            read_word <= araddr[39:3];
            read_left <= arlen + 9'd1;
            read_wait <= 2;
        end else if (reading && read_wait != 0) begin
            read_wait <= read_wait - 2'd1;
        end else if (reading) begin
            read_word <= read_word + 37'd1;
            read_left <= read_left - 9'd1;
            if (read_left == 1) reading <= 0;
        end
    end

    // Writes: one burst at a time, answered in the cycle after its last beat.
    reg writing = 0;
    reg [36:0] write_word = 0;
    reg bvalid = 0;
    integer lane;
    always @(posedge aclk) begin
        bvalid <= 0;
        if (!writing && awvalid) begin
            writing <= 1;
            write_word <= awaddr[39:3];
        end else if (writing && wvalid) begin
            for (lane = 0; lane < 8; lane = lane + 1)
                if (wstrb[lane]) dram[write_word][8 * lane +: 8] <= wdata[8 * lane +: 8];
            write_word <= write_word + 37'd1;
            if (wlast) begin
                writing <= 0;
                bvalid <= 1;
            end
        end
    end

    nasa_top dut (
        .aclk(aclk), .aresetn(aresetn), .irq(irq),
        .s_axi_awaddr(s_axi_awaddr), .s_axi_awvalid(s_axi_awvalid), .s_axi_wdata(s_axi_wdata),
        .s_axi_wvalid(s_axi_wvalid), .s_axi_wstrb(4'hf), .s_axi_bready(1'b1), .s_axi_bvalid(s_axi_bvalid),
        .s_axi_araddr(12'd20), .s_axi_arvalid(1'b0), .s_axi_rready(1'b1),
        .m_axi_arready(!reading), .m_axi_arvalid(arvalid), .m_axi_araddr(araddr), .m_axi_arlen(arlen),
        .m_axi_rvalid(rvalid), .m_axi_rdata(dram[read_word]), .m_axi_rresp(2'd0), .m_axi_rlast(read_left == 1),
        .m_axi_awready(!writing), .m_axi_awvalid(awvalid), .m_axi_awaddr(awaddr), .m_axi_awlen(awlen),
        .m_axi_wready(writing), .m_axi_wvalid(wvalid), .m_axi_wdata(wdata), .m_axi_wstrb(wstrb),
        .m_axi_wlast(wlast), .m_axi_bvalid(bvalid), .m_axi_bresp(2'd0)
    );

    task store;
        input [11:0] offset;
        input [31:0] value;
        begin
            s_axi_awaddr <= offset;
            s_axi_wdata <= value;
            s_axi_awvalid <= 1;
            s_axi_wvalid <= 1;
            @(posedge aclk);
            s_axi_awvalid <= 0;
            s_axi_wvalid <= 0;
            @(posedge aclk);
            @(posedge aclk);
        end
    endtask

    integer cycles;
    initial begin
        $readmemh("dram.hex", dram);
        repeat (4) @(posedge aclk);
        aresetn <= 1;
        @(posedge aclk);
        store(12'h030, `PROGRAM);
        store(12'h048, 32'h7fffffff);
        store(12'h058, 32'h7fffffff);
        store(12'h024, 32'd3);
        store(12'h010, 32'd1);
        cycles = 0;
        while (irq !== 1'b1 && cycles < `LIMIT) begin
            @(posedge aclk);
            cycles = cycles + 1;
        end
        if (irq !== 1'b1) $display("TIMEOUT");
        else $display("DONE after %0d cycles", cycles);
        $writememh("result.hex", dram);
        $finish;
    end
endmodule
