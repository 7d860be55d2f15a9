/* One rank of Open MPI's all-reduce, for run.py: `mpi_rank ITERATIONS WARM_UPS SIZE...`.
 *
 * Sums f32 vectors of SIZE bytes. Rank 0 prints, for each size, a JSON object with the seconds of the slowest rank in each
 * iteration. */

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int iterations = atoi(argv[1]), warm_ups = atoi(argv[2]);
    double *times = calloc(iterations, sizeof *times), *slowest = calloc(iterations, sizeof *slowest);
    for (int size = 3; size < argc; size++) {
        long elements = atol(argv[size]) / 4;
        float *from = malloc(elements * sizeof *from), *to = malloc(elements * sizeof *to);
        for (long i = 0; i < elements; i++) from[i] = 1.0f;
        for (int iteration = -warm_ups; iteration < iterations; iteration++) {
            MPI_Barrier(MPI_COMM_WORLD);
            double begin = MPI_Wtime();
            MPI_Allreduce(from, to, (int)elements, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
            if (iteration >= 0) times[iteration] = MPI_Wtime() - begin;
        }
        if (to[0] != (float)ranks) {
            fprintf(stderr, "mpi: %f is not the sum of %d ones\n", to[0], ranks);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
        MPI_Reduce(times, slowest, iterations, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
        if (rank == 0) {
            printf("{\"bytes\": %s, \"secs\": [", argv[size]);
            for (int i = 0; i < iterations; i++) printf("%s%.9f", i ? ", " : "", slowest[i]);
            printf("]}\n");
        }
        free(from);
        free(to);
    }
    MPI_Finalize();
    return 0;
}
