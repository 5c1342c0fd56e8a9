"""Writes strengths.txt: AutoAugment's policy for CIFAR-10 as torchvision has it, and what its strengths mean on images of 32 x 32.

    python strengths.py > strengths.txt

A line is `pair` with two effects, each with its probability and strength, or `sizes` with an effect and its size at every strength.
"""

from torchvision.transforms import AutoAugment, AutoAugmentPolicy

policy = AutoAugment(AutoAugmentPolicy.CIFAR10)
for pair in policy.policies:
    print("pair", *(f"{name} {probability:.1f} {strength or 0}" for name, probability, strength in pair))
for name, (sizes, _) in policy._augmentation_space(10, (32, 32)).items():
    if sizes.ndim > 0:
        print("sizes", name, *(f"{size:.4f}" for size in sizes.tolist()))
