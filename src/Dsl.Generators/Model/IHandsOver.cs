namespace Dsl.Generators.Model;

/// <summary>An operation that hands something to the model beside its result: where nothing reads the result, that would be lost with it.</summary>
internal interface IHandsOver;
