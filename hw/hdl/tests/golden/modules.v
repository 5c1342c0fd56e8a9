// accumulator: Sums products of signed numbers. The sum is held between two limits on its way out,
// and a sum that nobody clears wraps around.
// From a test.

module accumulator (
    input  wire        aclk,   // clock
    input  wire        rst,    // synchronous reset, active high
    input  wire [7:0]  x,      // first factor, signed
    input  wire [7:0]  w,      // second factor, signed
    input  wire        clear,  // starts a new sum with this product
    input  wire        valid,  // there are factors
    output reg  [19:0] acc,    // the sum
    output wire [7:0]  result  // a sixteenth of the sum, between -128 and 127
);

    reg [7:0] x_q;
    reg [7:0] w_q;
    reg [15:0] x_q_product_q;
    reg clear_q;
    reg clear_q2;
    reg valid_q;
    reg valid_q2;

    wire [15:0] result_part = acc[19:4];
    wire [19:0] result_extended = {{4{result_part[15]}}, result_part};
    wire [19:0] result_choice = ($signed(result_extended) < $signed(20'hfff80)) ? 20'hfff80
            : result_extended;
    assign result = ($signed(20'd127) < $signed(result_choice)) ? 8'd127 : result_choice[7:0];
    wire [15:0] x_q_product_q_next = $signed(x_q) * $signed(w_q);

    always @(posedge aclk) begin
        x_q <= x;
        w_q <= w;
        x_q_product_q <= x_q_product_q_next;
    end

    always @(posedge aclk) begin
        if (rst) begin
            acc <= 20'd0;
        end else if (valid_q2) begin
            acc <= (clear_q2 ? 20'd0 : acc) + {{4{x_q_product_q[15]}}, x_q_product_q};
        end
    end

    always @(posedge aclk) begin
        clear_q <= clear;
        clear_q2 <= clear_q;
        valid_q <= valid;
    end

    always @(posedge aclk) begin
        if (rst) begin
            valid_q2 <= 1'b0;
        end else begin
            valid_q2 <= valid_q;
        end
    end

endmodule

// pair: Two accumulators on the same second factor, with an active-low reset.
// From a test.

module pair (
    input  wire       aclk,    // clock
    input  wire       aresetn, // synchronous reset, active low
    input  wire [7:0] w,       // second factor of both
    input  wire [1:0] which,   // 0, 1: that result; 2: their difference
    input  wire [7:0] x_0,     // first factor
    input  wire [7:0] x_1,     // first factor
    output wire [7:0] chosen   // what was asked for
);

    reg [7:0] chosen_held;

    wire [7:0] unit_0_result;
    wire [7:0] unit_1_result;
    reg [7:0] chosen_held_next;
    always @(*) begin
        case (which)
            2'd0: chosen_held_next = unit_0_result;
            2'd1: chosen_held_next = unit_1_result;
            2'd2: chosen_held_next = unit_0_result - unit_1_result;
            default: chosen_held_next = 8'd0;
        endcase
    end
    wire unit_0_clear = which == 2'd3;

    wire [19:0] unit_0_acc;
    accumulator unit_0 (
        .aclk(aclk),
        .x(x_0),
        .w(w),
        .clear(unit_0_clear),
        .valid(1'b1),
        .rst(!aresetn),
        .acc(unit_0_acc),
        .result(unit_0_result)
    );

    wire [19:0] unit_1_acc;
    accumulator unit_1 (
        .aclk(aclk),
        .x(x_1),
        .w(w),
        .clear(unit_0_clear),
        .valid(1'b1),
        .rst(!aresetn),
        .acc(unit_1_acc),
        .result(unit_1_result)
    );

    always @(posedge aclk) begin
        if (!aresetn) begin
            chosen_held <= 8'd0;
        end else begin
            chosen_held <= chosen_held_next;
        end
    end

    assign chosen = chosen_held;

    wire unused = &{1'b0, unit_0_acc, unit_1_acc};

endmodule

// divider: A third, a cycle later.
// Written elsewhere and printed as it came: Verilator is silenced for this text alone, whose style
// is not ours to change.
// From a test.

/* verilator lint_save */
/* verilator lint_off BLKSEQ */
/* verilator lint_off CASEINCOMPLETE */
/* verilator lint_off CASEX */
/* verilator lint_off CMPCONST */
/* verilator lint_off DECLFILENAME */
/* verilator lint_off EOFNEWLINE */
/* verilator lint_off LITENDIAN */
/* verilator lint_off PINCONNECTEMPTY */
/* verilator lint_off UNOPTFLAT */
/* verilator lint_off UNSIGNED */
/* verilator lint_off UNUSED */
/* verilator lint_off VARHIDDEN */
/* verilator lint_off WIDTH */

module divider(clock, bus$x, y); // an interface's port
    input clock;
    input [7:0] bus$x;
    output reg [7:0] y;
    always @(posedge clock) y <= bus$x / 3;
endmodule

/* verilator lint_restore */

// thirds: A third of a number, or of the last third.
// From a test.

module thirds (
    (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF y" *)
    input  wire       aclk,  // clock
    input  wire       again, // takes the last third
    input  wire [7:0] x,     // a number
    (* X_INTERFACE_INFO = "xilinx.com:signal:data:1.0 y DATA" *)
    (* MARK_DEBUG = "true" *)
    output reg  [7:0] y      // the third
);

    wire [7:0] divider_y;

    divider divider (
        .clock(aclk),
        .bus$x(again ? divider_y : x),
        .y(divider_y)
    );

    always @(posedge aclk) begin
        y <= divider_y;
    end

endmodule

// queue: A queue of 5 words of 8 bits.
// From a test.

module queue (
    input  wire       aclk,      // clock
    input  wire       rst,       // synchronous reset, active high
    input  wire       in_valid,  // a word is offered
    input  wire [7:0] in_data,   // the word offered
    input  wire       out_ready, // the word shown is taken
    output wire       in_ready,  // a word can be taken
    output wire       out_valid, // a word is shown
    output wire [7:0] out_data,  // the oldest word
    output reg  [2:0] level      // number of words held
);

    reg [2:0] write_at;
    reg [2:0] read_at;
    reg [7:0] words [0:4];

    assign in_ready = level < 3'd5;
    assign out_valid = |level;
    assign out_data = words[read_at];
    wire push = in_valid & in_ready;
    wire pop = out_valid & out_ready;

    always @(posedge aclk) begin
        if (rst) begin
            level <= 3'd0;
        end else if (push ^ pop) begin
            level <= push ? (level + 3'd1) : (level - 3'd1);
        end
    end

    always @(posedge aclk) begin
        if (rst) begin
            write_at <= 3'd0;
        end else if (push) begin
            write_at <= (write_at < 3'd4) ? (write_at + 3'd1) : 3'd0;
        end
    end

    always @(posedge aclk) begin
        if (rst) begin
            read_at <= 3'd0;
        end else if (pop) begin
            read_at <= (read_at < 3'd4) ? (read_at + 3'd1) : 3'd0;
        end
    end

    always @(posedge aclk) begin
        if (push) words[write_at] <= in_data;
    end

endmodule

// bank: A memory of 64 entries of 32 bits.
// From a test.

module bank (
    input  wire        aclk,         // clock
    input  wire        write_enable, // writes
    input  wire [5:0]  write_addr,   // entry to write
    input  wire [31:0] write_data,   // what to write
    input  wire [3:0]  write_mask,   // which 8-bit lanes to write
    input  wire        read_enable,  // reads
    input  wire [5:0]  read_addr,    // entry to read
    output reg  [31:0] read_data     // the entry, a cycle later
);

    reg [31:0] words [0:63];

    always @(posedge aclk) begin
        if (write_enable && write_mask[0]) words[write_addr][7:0] <= write_data[7:0];
        if (write_enable && write_mask[1]) words[write_addr][15:8] <= write_data[15:8];
        if (write_enable && write_mask[2]) words[write_addr][23:16] <= write_data[23:16];
        if (write_enable && write_mask[3]) words[write_addr][31:24] <= write_data[31:24];
        if (read_enable) read_data <= words[read_addr];
    end

endmodule
