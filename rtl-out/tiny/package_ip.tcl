# Packages accelerator `tiny`, configuration ebe6c7710738ee1f as a Vivado IP:
#   vivado -mode batch -source package_ip.tcl
create_project -in_memory
read_verilog [list control.v nest_input.v clp_fill_input.v nest_weight.v clp_fill_weight.v nest_compute.v clp_compute.v clp_pe.v clp_array.v clp_column_sum.v lane_sum.v clp_reduce.v nest_drain.v clp_drain.v requantiser.v clp_post.v clp_chunk.v slp_fill_input.v slp_fill_weight.v slp_compute.v slp_pe.v slp_array.v slp_column_sum.v slp_reduce.v slp_drain.v slp_post.v slp_chunk.v alp_fill_input.v alp_fill_weight.v alp_compute.v alp_pe.v alp_array.v alp_column_sum.v alp_reduce.v alp_drain.v alp_post.v alp_chunk.v buffer_bank.v buffer_plane.v global_buffer.v dma_read.v dma_write.v token.v tokens.v header.v stream.v queue_ld.v transfer.v queue_ex.v queue_st.v core.v nasa_top.v]
set_property top nasa_top [current_fileset]
ipx::package_project -root_dir ip -vendor nasa -library accelerators -taxonomy /Accelerators -import_files -force
set core [ipx::current_core]
set_property name nasa_tiny $core
set_property display_name {accelerator `tiny`, configuration ebe6c7710738ee1f} $core
ipx::associate_bus_interfaces -busif m_axi -clock aclk $core
ipx::associate_bus_interfaces -busif s_axi -clock aclk $core
ipx::save_core $core
