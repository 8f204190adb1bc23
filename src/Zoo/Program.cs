using System; Console.WriteLine("zoo");
