using NUnit.Framework;

// Side by side as fixtures: tests of one often share a kernel's tree or a folder.
[assembly: Parallelizable(ParallelScope.Fixtures)]
