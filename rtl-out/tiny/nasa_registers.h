/* Registers of accelerator `tiny`, configuration ebe6c7710738ee1f. */
#ifndef NASA_REGISTERS_H
#define NASA_REGISTERS_H

#define NASA_CONFIG_HASH UINT64_C(0xebe6c7710738ee1f)

#define NASA_ID 0x000u /* r: 0x4e415341 */
#define NASA_VERSION 0x004u /* r: version of this register map */
#define NASA_HASH_LO 0x008u /* r: configuration hash, bits 31..0 */
#define NASA_HASH_HI 0x00cu /* r: configuration hash, bits 63..32 */
#define NASA_CONTROL 0x010u /* w: bit 0 starts a run (only while idle), bit 1 aborts it */
#define NASA_STATUS 0x014u /* r: bit 0 running, bit 1 the last run ended well, bit 2 it was stopped */
#define NASA_CAUSE 0x018u /* r: why the last run was stopped, 0 if it was not */
#define NASA_CAUSE_QUEUES 0x01cu /* r: queues at an illegal instruction, a bit a queue */
#define NASA_CAUSE_PC 0x020u /* r: its word index in the program */
#define NASA_IRQ_MASK 0x024u /* rw: bit 0: a run ended well, bit 1: a run was stopped */
#define NASA_IRQ_STATUS 0x028u /* w1c: the same bits, pending */
#define NASA_PROGRAM_LO 0x030u /* rw: address of the program's header, bits 31..0; bits 11..0 are always 0 */
#define NASA_PROGRAM_HI 0x034u /* rw: bits 39..32 */
#define NASA_READ_FIRST_LO 0x040u /* rw: first address that may be read, bits 31..0 */
#define NASA_READ_FIRST_HI 0x044u /* rw: bits 39..32 */
#define NASA_READ_END_LO 0x048u /* rw: address behind the last that may be read, bits 31..0 */
#define NASA_READ_END_HI 0x04cu /* rw: bits 39..32 */
#define NASA_WRITE_FIRST_LO 0x050u /* rw: first address that may be written, bits 31..0 */
#define NASA_WRITE_FIRST_HI 0x054u /* rw: bits 39..32 */
#define NASA_WRITE_END_LO 0x058u /* rw: address behind the last that may be written, bits 31..0 */
#define NASA_WRITE_END_HI 0x05cu /* rw: bits 39..32 */
#define NASA_WATCHDOG 0x060u /* rw: cycles without any progress after which a run is stopped */
#define NASA_CYCLES 0x064u /* r: cycles of the last run, from the header's arrival to the end */
#define NASA_DRAM_READ 0x068u /* r: bytes read by the DMA in the last run */
#define NASA_DRAM_WRITTEN 0x06cu /* r: bytes that the DMA wrote in the last run */
#define NASA_OVERLAP 0x070u /* r: cycles of the last run in which two chunks or more computed */
#define NASA_CLP_BUSY 0x100u /* r: clp: cycles from launch to the last result */
#define NASA_CLP_STEPS 0x104u /* r: clp: compute steps */
#define NASA_CLP_TERMS 0x108u /* r: clp: terms of the PEs that the mapping takes, with or without work */
#define NASA_CLP_STALL_X 0x10cu /* r: clp: cycles that waited for an input tile */
#define NASA_CLP_STALL_W 0x110u /* r: clp: cycles that waited for a weight tile */
#define NASA_CLP_STALL_A 0x114u /* r: clp: cycles that waited for free partial sums */
#define NASA_CLP_X_BEATS 0x118u /* r: clp: input beats on the NoC */
#define NASA_CLP_W_BEATS 0x11cu /* r: clp: weight beats on the NoC */
#define NASA_CLP_X_BYTES 0x120u /* r: clp: input bytes read from the buffer */
#define NASA_CLP_W_BYTES 0x124u /* r: clp: weight bytes read from the buffer */
#define NASA_CLP_R_BYTES 0x128u /* r: clp: residual and parameter bytes read from the buffer */
#define NASA_CLP_Y_BYTES 0x12cu /* r: clp: result bytes written to the buffer */
#define NASA_CLP_Y_BEATS 0x130u /* r: clp: result beats on the NoC */
#define NASA_CLP_RF 0x134u /* r: clp: register-file accesses: 4 a term, 1 a PE that takes a beat's byte, 1 a partial sum that leaves */
#define NASA_CLP_LD_BYTES 0x138u /* r: clp: bytes loaded from DRAM */
#define NASA_CLP_ST_BYTES 0x13cu /* r: clp: bytes stored to DRAM */
#define NASA_SLP_BUSY 0x140u /* r: slp: cycles from launch to the last result */
#define NASA_SLP_STEPS 0x144u /* r: slp: compute steps */
#define NASA_SLP_TERMS 0x148u /* r: slp: terms of the PEs that the mapping takes, with or without work */
#define NASA_SLP_STALL_X 0x14cu /* r: slp: cycles that waited for an input tile */
#define NASA_SLP_STALL_W 0x150u /* r: slp: cycles that waited for a weight tile */
#define NASA_SLP_STALL_A 0x154u /* r: slp: cycles that waited for free partial sums */
#define NASA_SLP_X_BEATS 0x158u /* r: slp: input beats on the NoC */
#define NASA_SLP_W_BEATS 0x15cu /* r: slp: weight beats on the NoC */
#define NASA_SLP_X_BYTES 0x160u /* r: slp: input bytes read from the buffer */
#define NASA_SLP_W_BYTES 0x164u /* r: slp: weight bytes read from the buffer */
#define NASA_SLP_R_BYTES 0x168u /* r: slp: residual and parameter bytes read from the buffer */
#define NASA_SLP_Y_BYTES 0x16cu /* r: slp: result bytes written to the buffer */
#define NASA_SLP_Y_BEATS 0x170u /* r: slp: result beats on the NoC */
#define NASA_SLP_RF 0x174u /* r: slp: register-file accesses: 4 a term, 1 a PE that takes a beat's byte, 1 a partial sum that leaves */
#define NASA_SLP_LD_BYTES 0x178u /* r: slp: bytes loaded from DRAM */
#define NASA_SLP_ST_BYTES 0x17cu /* r: slp: bytes stored to DRAM */
#define NASA_ALP_BUSY 0x180u /* r: alp: cycles from launch to the last result */
#define NASA_ALP_STEPS 0x184u /* r: alp: compute steps */
#define NASA_ALP_TERMS 0x188u /* r: alp: terms of the PEs that the mapping takes, with or without work */
#define NASA_ALP_STALL_X 0x18cu /* r: alp: cycles that waited for an input tile */
#define NASA_ALP_STALL_W 0x190u /* r: alp: cycles that waited for a weight tile */
#define NASA_ALP_STALL_A 0x194u /* r: alp: cycles that waited for free partial sums */
#define NASA_ALP_X_BEATS 0x198u /* r: alp: input beats on the NoC */
#define NASA_ALP_W_BEATS 0x19cu /* r: alp: weight beats on the NoC */
#define NASA_ALP_X_BYTES 0x1a0u /* r: alp: input bytes read from the buffer */
#define NASA_ALP_W_BYTES 0x1a4u /* r: alp: weight bytes read from the buffer */
#define NASA_ALP_R_BYTES 0x1a8u /* r: alp: residual and parameter bytes read from the buffer */
#define NASA_ALP_Y_BYTES 0x1acu /* r: alp: result bytes written to the buffer */
#define NASA_ALP_Y_BEATS 0x1b0u /* r: alp: result beats on the NoC */
#define NASA_ALP_RF 0x1b4u /* r: alp: register-file accesses: 4 a term, 1 a PE that takes a beat's byte, 1 a partial sum that leaves */
#define NASA_ALP_LD_BYTES 0x1b8u /* r: alp: bytes loaded from DRAM */
#define NASA_ALP_ST_BYTES 0x1bcu /* r: alp: bytes stored to DRAM */

/* Values of NASA_CAUSE. */
#define NASA_CAUSE_ILLEGAL_INSTRUCTION 1u
#define NASA_CAUSE_PROGRAM_FOR_ANOTHER_CONFIGURATION 2u
#define NASA_CAUSE_READ_OUTSIDE_THE_WINDOW 3u
#define NASA_CAUSE_WRITE_OUTSIDE_THE_WINDOW 4u
#define NASA_CAUSE_ERROR_RESPONSE_TO_A_READ 5u
#define NASA_CAUSE_ERROR_RESPONSE_TO_A_WRITE 6u
#define NASA_CAUSE_TWO_PORTS_MET_IN_A_BUFFER_BANK 7u
#define NASA_CAUSE_TOKEN_SIGNALLED_TOO_OFTEN 8u
#define NASA_CAUSE_NO_PROGRESS 9u
#define NASA_CAUSE_ABORTED_BY_THE_DRIVER 10u

#endif
