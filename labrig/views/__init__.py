"""Pictures, tables and progress, made from stored runs and from numbers; nothing here touches a bench."""
