/* An agent that is all of its image: linked statically, without a shell, a C library or Python beside it. It writes what
 * it was told into `told.txt` of its working directory, and says how many bytes that were. */
#include <stdio.h>

int main(void)
{
    FILE *told = fopen("told.txt", "w");
    long bytes = 0;
    int byte;

    if (told == NULL)
        return 1;
    while ((byte = getchar()) != EOF) {
        putc(byte, told);
        bytes++;
    }
    printf("heard %ld bytes\n", bytes);
    return fclose(told) == 0 ? 0 : 1;
}
