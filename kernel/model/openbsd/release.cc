#include "kernel/model/openbsd/release.h"

namespace faultline::kernel::model::openbsd {
namespace {

constexpr Release kReleases[] = {
    {.name = "5.8",
     .number = 201510,
     .thrkill = false,
     .pads = true,
     .stacks = false,
     .pins = false,
     .cookies = false,
     .note = "any memory can be a stack"},
    {.name = "7.5",
     .number = 202404,
     .thrkill = true,
     .pads = false,
     .stacks = true,
     .pins = true,
     .cookies = true,
     .note = "stacks are asked for (MAP_STACK), calls come from where the program says"},
};

}  // namespace

std::span<const Release> Releases() { return kReleases; }

}  // namespace faultline::kernel::model::openbsd
