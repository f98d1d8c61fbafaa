/* The limits of a machine: what reading takes at least, by level; and that they can be measured. */
#include "check.h"
#include "machine.h"

#include <errno.h>

static void reading(void)
{
    struct machine m = {.threads = 2, .read = {400, 100, 10}, .holds = {50, 1000, INT64_MAX}};
    enum machine_level level;
    CHECK_NEAR(machine_read_seconds(&m, 40, &level), 0.1, 1e-12);
    CHECK(level == MACHINE_L1);
    CHECK_NEAR(machine_read_seconds(&m, 100, &level), 0.25, 1e-12); /* two threads' worth */
    CHECK(level == MACHINE_L1);
    CHECK_NEAR(machine_read_seconds(&m, 200, &level), 0.25 + 1, 1e-12);
    CHECK(level == MACHINE_L2);
    CHECK_NEAR(machine_read_seconds(&m, 2100, &level), 0.25 + 19 + 10, 1e-12);
    CHECK(level == MACHINE_MEMORY);
}

/* No figure is checked but by its order: the machine may be busy. */
static void measuring(void)
{
    struct machine m = {.threads = 2, .bits = machine_bits()};
    if (!m.bits) {
        CHECK(!machine_measure(&m) && errno == ENOSYS);
        return;
    }
    CHECK(machine_measure(&m));
    CHECK(m.flops > 1e8 && m.flops < 1e15);
    CHECK(m.clock > 1e7 && m.clock < 1e10);
    for (int level = 0; level < MACHINE_LEVELS; level++) CHECK(m.read[level] > 1e7 && m.read[level] < 1e15);
    CHECK(m.holds[MACHINE_L1] < m.holds[MACHINE_L2] && m.holds[MACHINE_L2] < m.holds[MACHINE_MEMORY]);
    m.f64 = true;
    CHECK(machine_measure(&m));
    CHECK(m.flops > 1e8 && m.flops < 1e15);
    m.bits = 1024;
    CHECK(!machine_measure(&m) && errno == ENOSYS);
}

int main(void)
{
    reading();
    measuring();
    return check_done();
}
