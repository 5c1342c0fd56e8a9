//! The ports of the generated top that the bench drives and watches, looked up once.

use sim::{InputId, OutputId, Simulator};
use spec::error::{Diagnostic, Report};

/// Declares the ports by the names of the top module.
macro_rules! ports {
    (inputs { $($input:ident = $input_name:literal),* $(,)? } outputs { $($output:ident = $output_name:literal),* $(,)? }) => {
        /// Every port that is driven or watched.
        pub struct Ports { $(#[doc = $input_name] pub $input: InputId,)* $(#[doc = $output_name] pub $output: OutputId),* }

        impl Ports {
            /// Looks all of them up.
            pub fn find(engine: &dyn Simulator) -> Result<Ports, Report> {
                let wrong = |error: sim::Error| Report::from(Diagnostic::new("cosim", error.to_string()));
                Ok(Ports {
                    $($input: engine.input($input_name).map_err(wrong)?,)*
                    $($output: engine.output($output_name).map_err(wrong)?),*
                })
            }
        }
    };
}

ports! {
    inputs {
        aresetn = "aresetn",
        arready = "m_axi_arready", rvalid = "m_axi_rvalid", rdata = "m_axi_rdata", rresp = "m_axi_rresp",
        rlast = "m_axi_rlast", awready = "m_axi_awready", wready = "m_axi_wready", bvalid = "m_axi_bvalid",
        bresp = "m_axi_bresp",
        s_awaddr = "s_axi_awaddr", s_awvalid = "s_axi_awvalid", s_wdata = "s_axi_wdata", s_wvalid = "s_axi_wvalid",
        s_bready = "s_axi_bready", s_araddr = "s_axi_araddr", s_arvalid = "s_axi_arvalid",
        s_rready = "s_axi_rready",
    }
    outputs {
        irq = "irq",
        arvalid = "m_axi_arvalid", araddr = "m_axi_araddr", arlen = "m_axi_arlen",
        awvalid = "m_axi_awvalid", awaddr = "m_axi_awaddr", awlen = "m_axi_awlen",
        wvalid = "m_axi_wvalid", wdata = "m_axi_wdata", wstrb = "m_axi_wstrb", wlast = "m_axi_wlast",
        s_rdata = "s_axi_rdata",
        trace_launch = "trace_launch", trace_end = "trace_end", trace_pc = "trace_pc",
        trace_counters = "trace_counters",
    }
}
