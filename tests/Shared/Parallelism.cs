using Xunit;

// torch's generator and its count of live tensors belong to the process, and its kernels use all cores anyway.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
