.config 0x12
.image 1
.input 0x1000 16 4x2 input
    ld
.stream clp.ld
    cfgg reg=dram value=1
    cfg reg=dramm value=1
    cfg reg=dram
    cfg reg=dram value=1 value=2 colour=3
    signal token=256
    exec flip=0
    guard from=0 until=1 skip=nowhere
again:
again:
    .word zebra
.begin without a bar
.stream clp.st
