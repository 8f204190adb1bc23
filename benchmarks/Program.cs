using System; Console.WriteLine("benchmarks");
