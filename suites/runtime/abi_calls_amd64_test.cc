// The table of linux/amd64 call numbers, held against the kernel's own header.

#include <asm/unistd_64.h>
#include <gtest/gtest.h>

#include "abi/linux/amd64/calls.h"
#include "abi/linux/amd64/numbers.h"

namespace {

TEST(AbiCalls, Linux_amd64){
#define FAULTLINE_X(name, number) EXPECT_EQ(number, __NR_##name) << #name;
    FAULTLINE_LINUX_AMD64_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
}

// What assembly uses.
TEST(AbiCalls, Assembly_amd64) {
  EXPECT_EQ(NR_rt_sigreturn, __NR_rt_sigreturn);
  EXPECT_EQ(NR_clone, __NR_clone);
  EXPECT_EQ(NR_fork, __NR_fork);
  EXPECT_EQ(NR_vfork, __NR_vfork);
  EXPECT_EQ(NR_wait4, __NR_wait4);
  EXPECT_EQ(NR_exit, __NR_exit);
  EXPECT_EQ(NR_munmap, __NR_munmap);
  EXPECT_EQ(NR_exit_group, __NR_exit_group);
}

}  // namespace
