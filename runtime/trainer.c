/* trainer.c: main of a compiled trainer. An object of its own in libganrt.a: the linker takes it only where nobody else defines main, so
 * a trainer gets it, and ganc and the tests, which bring their own model, do not. */
#include <ganrt/model.h>

int main(int argc, char **argv)
{
    return ganrt_main(&ganrt_model, argc, argv);
}
