namespace Dsl.Runtime;

/// <summary>What the states of generated models derive from.</summary>
public abstract class GeneratedState : ModelState
{
    private readonly GeneratedModel model;
    private readonly int room;

    /// <summary>An empty state.</summary>
    /// <param name="model">Whose state it is.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Tokens to make room for at first; 0 leaves it to the parts.</param>
    protected GeneratedState(GeneratedModel model, int batch, int capacity)
        : base(batch, capacity) => (this.model, room) = (model, capacity);

    /// <inheritdoc/>
    protected sealed override ModelState Fresh() => model.NewState(Batch, room);
}
